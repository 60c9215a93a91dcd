// The environment variables that Voxgrad reads, in one place: none is read but through here
// (VOXGRAD_ISA by simd/isa.cpp, which is below).
#pragma once

namespace voxgrad {

struct EnvironmentVariable {
  const char* name;
  const char* meaning;
};

inline constexpr EnvironmentVariable kEnvironment[] = {
    {"VOXGRAD_CONV", "the convolution algorithm that computes all that it supports"},
    {"VOXGRAD_ISA", "the instruction set of the CPU's kernels"},
    {"VOXGRAD_NO_GRAPHS", "CUDA: no recorded graphs, every kernel is launched by itself"},
    {"VOXGRAD_HOST_PICTURES", "CUDA: images are resized and augmented by the CPU"},
    {"VOXGRAD_EXACT_MEMORY", "CUDA: every block of memory is allocated and freed by itself"},
    {"VOXGRAD_CUDNN_LOG", "CUDA: prints each cuDNN plan that is chosen, dropped or fails"},
    {"VOXGRAD_CUDA_LIBRARIES", "packed programs: more directories with CUDA's libraries"},
};

/// The value of one of these; null if it is not set.
const char* environment(const char* name);

}  // namespace voxgrad
