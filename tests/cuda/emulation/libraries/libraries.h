// cuDNN and cuBLAS of the emulated CUDA: what tests may ask of them and change in them.
//
// cuDNN interprets the descriptors that it is given (graph.h) and computes them on the host
// (compute.cpp). It lists the engines that set_engines() gave it, each as good as its numerical
// notes say: what sums in reduced precision does, what is not deterministic returns other bits each
// time, and tensor cores round f32 factors to TF32. So a promise that is broken shows in results.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/cuda/emulation/include/cudnn.h"

namespace voxgrad::emulation {

/// One of cuDNN's engines.
struct Engine {
  std::int64_t index;
  cudnnBackendHeurMode_t listed_by;
  std::vector<cudnnBackendNumericalNote_t> notes{};
  std::int64_t workspace = 0;  // bytes
  bool fails_when_built = false, fails_when_run = false;

  bool has(cudnnBackendNumericalNote_t note) const;
};

/// The engines of every problem that has any, in the order of each list. Empty: those of default.
void set_engines(std::vector<Engine> engines);

/// Those set, while it lives.
class Engines {
 public:
  explicit Engines(std::vector<Engine> engines) { set_engines(std::move(engines)); }
  ~Engines() { set_engines({}); }
  Engines(const Engines&) = delete;
  Engines& operator=(const Engines&) = delete;
};

/// How often cuDNN or cuBLAS was asked to compute.
int library_calls();
/// The index of the engine that ran last, -1 before any.
std::int64_t last_engine();
/// The next call that makes a handle of cuBLAS fails.
void fail_cublas_create();

}  // namespace voxgrad::emulation
