// The thin layer over cuDNN's graph API: the only code that knows its backend descriptors.
//
// A convolution, with bias and activation behind it if wanted, is described as an operation graph;
// cuDNN's heuristics list the engines that can run it, best first; the engines that would not keep
// our promises are dropped (deterministic() and exact() in the .cpp); the first of the others that
// can be finalised is the plan. Everything up to running a plan also works without a GPU, from a
// description of one (Target::described), so tests can see on any machine which plans there are.
#pragma once

#include <cudnn.h>

#include <string>
#include <utility>
#include <vector>

#include "tensor/ops/conv.h"

namespace voxgrad::cuda::cudnn {

/// A finalised or unfinished backend descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(cudnnBackendDescriptorType_t type);
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  cudnnBackendDescriptor_t get() const { return handle_; }

 private:
  cudnnBackendDescriptor_t handle_ = nullptr;
};

enum class Direction { forward, backward_data, backward_weight };

/// The type of all tensors and how they are multiplied; sums are f64 in f64, else f32. In bf16 the
/// bias and weight gradients are bf16 too: with f32 ones cuDNN 9.19 has no plan.
enum class Math {
  f64,
  f32,   // products exact to f32
  tf32,  // f32 tensors, factors rounded to TF32
  bf16,
};

const char* name_of(Direction direction);
const char* name_of(Math math);

/// What a plan is built for. Epilogue: forward and backward_data only.
struct Problem {
  Direction direction = Direction::forward;
  Math math = Math::f32;
  ConvGeometry geometry;  // spatial rank 2 or 3
  bool bias = false;
  Activation activation{};
  bool operator==(const Problem& other) const;
};

std::ostream& operator<<(std::ostream& out, const Problem& problem);

struct ProblemHash {
  std::size_t operator()(const Problem& problem) const;
};

/// The GPU to build for.
class Target {
 public:
  explicit Target(cudnnHandle_t handle) : handle_(handle) {}
  /// One that need not be there: `json` is what cuDNN itself writes for a device.
  static Target described(const std::string& json);

  cudnnHandle_t handle() const { return handle_; }
  cudnnBackendDescriptor_t properties() const { return properties_.get(); }

 private:
  Target() = default;
  cudnnHandle_t handle_ = nullptr;
  Descriptor properties_;
};

/// Memory that a plan works on. x, w and y as in tensor/ops/conv.h; the direction says which is
/// written. All aligned to `alignment` bytes.
struct Arguments {
  void* x = nullptr;
  void* w = nullptr;
  void* y = nullptr;
  void* bias = nullptr;
  void* workspace = nullptr;
};
inline constexpr std::size_t alignment = 16;

/// One way to run a problem.
class Plan {
 public:
  std::size_t workspace_bytes() const { return workspace_bytes_; }
  std::int64_t engine() const { return engine_; }  // cuDNN's number of the kernel family
  /// False, with the reason in `why`, where cuDNN refuses.
  bool run(cudnnHandle_t handle, const Arguments& arguments, std::string& why) const;

 private:
  friend class Planner;
  Descriptor plan_;
  std::int64_t engine_ = -1;
  std::size_t workspace_bytes_ = 0;
  bool bias_ = false;
};

/// The plans for a problem, best first, built one after the other as they are asked for.
class Planner {
 public:
  /// Without a plan where cuDNN has no engine: log() then says why.
  Planner(const Target& target, const Problem& problem, std::size_t workspace_limit);
  /// The next plan that can be finalised within the limit; false if there is none left.
  bool next(Plan& plan);
  /// Engines that were dropped or failed so far, a line each.
  const std::string& log() const { return log_; }

 private:
  void add_candidates(cudnnBackendHeurMode_t mode);
  bool make_plan(const Descriptor& config, Plan& plan);

  const Target& target_;
  Problem problem_;
  std::size_t workspace_limit_;
  std::vector<Descriptor> parts_;  // what the graph refers to
  Descriptor graph_;
  std::vector<Descriptor> candidates_;
  std::size_t next_ = 0;
  bool fallback_asked_ = false;
  std::string log_;
};

}  // namespace voxgrad::cuda::cudnn
