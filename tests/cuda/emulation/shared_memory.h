// Shared memory of the emulated CUDA's kernels.
#pragma once

#include <span>
#include <vector>

namespace voxgrad::emulation {

/// This thread's __shared__ variables of a kernel: those declared in the kernel's own body.
std::vector<std::span<char>> shared_memory_of(const void* kernel);

}  // namespace voxgrad::emulation
