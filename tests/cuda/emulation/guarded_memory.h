// Device memory of the emulated CUDA.
#pragma once

#include <span>

namespace voxgrad::emulation {

/// NaN in every float type.
void poison(std::span<char> memory);

/// False, once, if something was written before or after a block of device memory.
bool guards_intact();

}  // namespace voxgrad::emulation
