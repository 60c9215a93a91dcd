// Plans that were measured to be faster than the one that cuDNN's heuristics put first. The table
// is part of the source (tuned_table.inc), so that every run makes the same choice; where it has no
// entry for a problem, on this cuDNN and kind of GPU, the heuristics' order holds.
//
// To fill it: benchmark_cudnn_plans on the GPU, then tools/first-gpu-run/report --table.
#pragma once

#include <deque>
#include <optional>
#include <string_view>

#include "cuda/conv/cudnn/plan.h"

namespace voxgrad::cuda::cudnn {

/// A plan by its place in the Planner's order, which is the same for one version of cuDNN and one
/// kind of GPU, and its engine, to notice where it is not.
struct TunedPlan {
  std::int64_t position;
  std::int64_t engine;
};

struct TunedEntry {
  std::size_t version;       // of cuDNN, as cudnnGetVersion() says it
  int capability;            // 90: compute capability 9.0
  std::string_view problem;  // as it is printed
  TunedPlan plan;
};

/// The table's plan for a problem, if it has one.
std::optional<TunedPlan> tuned_plan(const Problem& problem, std::size_t version, int capability);

/// The plans for a problem: the tuned one first, then the Planner's order.
class TunedPlanner {
 public:
  TunedPlanner(const Target& target, const Problem& problem, std::size_t workspace_limit,
               std::optional<TunedPlan> tuned)
      : planner_(target, problem, workspace_limit), tuned_(tuned) {}
  bool next(Plan& plan);
  std::string log() const { return log_ + planner_.log(); }

 private:
  Planner planner_;
  std::optional<TunedPlan> tuned_;  // until it was looked for
  std::deque<Plan> passed_;         // before it in the Planner's order
  std::string log_;
};

}  // namespace voxgrad::cuda::cudnn
