// The libraries of the emulated CUDA, which can run nothing.
#pragma once

namespace voxgrad::emulation {

/// How often one was asked to convolve.
int library_calls();

}  // namespace voxgrad::emulation
