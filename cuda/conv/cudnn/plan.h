// Plans: ways to run a problem. cuDNN's heuristics (A, then B, then those of last resort) list the
// engines that can run its graph, best first; the engines that would not keep our promises are
// dropped (forbidden() in the .cpp); the first of the others that can be finalised is the plan. In
// bf16 and TF32, where both sides have 32 channels and more, those with tensor cores come first.
// Everything up to running a plan also works without a GPU, from a description of one
// (Target::described), so tests can see on any machine which plans there are.
#pragma once

#include <string>
#include <vector>

#include "cuda/conv/cudnn/graph.h"

namespace voxgrad::cuda::cudnn {

/// Of plans' workspaces. f32 without tensor cores would otherwise take over 1 GiB for VGG's first
/// layers.
inline constexpr std::size_t default_workspace_limit = std::size_t{512} << 20;

/// The GPU to build for.
class Target {
 public:
  explicit Target(cudnnHandle_t handle) : handle_(handle) {}
  /// One that need not be there: `json` is what cuDNN itself writes for a device.
  static Target described(const std::string& json);
  /// That, for the device of a handle.
  static std::string description(cudnnHandle_t handle);

  cudnnHandle_t handle() const { return handle_; }
  cudnnBackendDescriptor_t properties() const { return properties_.get(); }

 private:
  Target() = default;
  cudnnHandle_t handle_ = nullptr;
  Descriptor properties_;
};

/// Memory that a plan works on. x, w and y as in tensor/ops/conv_ops.h; the direction says which is
/// written. All aligned to `alignment` bytes.
struct Arguments {
  void* x = nullptr;
  void* w = nullptr;
  void* y = nullptr;
  void* bias = nullptr;
  void* workspace = nullptr;
};

/// One way to run a problem.
class Plan {
 public:
  std::size_t workspace_bytes() const { return workspace_bytes_; }
  std::int64_t engine() const { return engine_; }  // cuDNN's number of the kernel family
  bool tensor_cores() const { return tensor_cores_; }
  /// False, with the reason in `why`, where cuDNN refuses.
  bool run(cudnnHandle_t handle, const Arguments& arguments, std::string& why) const;

 private:
  friend class Planner;
  Descriptor plan_;
  std::int64_t engine_ = -1;
  bool tensor_cores_ = false;
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
  bool make_plan(Descriptor& config, Plan& plan);

  const Target& target_;
  Problem problem_;
  std::size_t workspace_limit_;
  Graph graph_;
  std::vector<Descriptor> candidates_;
  std::size_t next_ = 0;
  std::vector<cudnnBackendHeurMode_t> modes_;  // of the heuristics, not asked yet
  std::vector<Descriptor> postponed_;          // without tensor cores, where these come first
  bool tensor_cores_first_ = false;
  std::string log_;
};

}  // namespace voxgrad::cuda::cudnn
