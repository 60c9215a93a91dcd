// Device memory of the emulated CUDA.
#pragma once

namespace voxgrad::emulation {

/// False, once, if something was written before or behind a block of device memory.
bool guards_intact();

}  // namespace voxgrad::emulation
