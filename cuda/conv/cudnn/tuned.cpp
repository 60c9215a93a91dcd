#include "cuda/conv/cudnn/tuned.h"

#include <algorithm>
#include <vector>

namespace voxgrad::cuda::cudnn {
namespace {

const std::vector<TunedEntry>& table() {
  static const std::vector<TunedEntry> entries{
#include "cuda/conv/cudnn/tuned_table.inc"
  };
  return entries;
}

}  // namespace

std::optional<TunedPlan> tuned_plan(const Problem& problem, std::size_t version, int capability) {
  if (table().empty()) return {};
  const std::string name = concat(problem);
  const auto found = std::ranges::find_if(table(), [&](const TunedEntry& entry) {
    return entry.version == version && entry.capability == capability && entry.problem == name;
  });
  return found == table().end() ? std::nullopt : std::optional(found->plan);
}

bool TunedPlanner::next(Plan& plan) {
  if (tuned_) {
    const TunedPlan wanted = *tuned_;
    tuned_.reset();
    for (Plan each; std::int64_t(passed_.size()) <= wanted.position && planner_.next(each);)
      passed_.push_back(std::move(each));
    if (std::int64_t(passed_.size()) == wanted.position + 1 &&
        passed_.back().engine() == wanted.engine) {
      plan = std::move(passed_.back());
      passed_.pop_back();
      return true;
    }
    log_ += concat("the tuned plan, engine ", wanted.engine, " in place ", wanted.position,
                   ", is not there\n");
  }
  if (passed_.empty()) return planner_.next(plan);
  plan = std::move(passed_.front());
  passed_.pop_front();
  return true;
}

}  // namespace voxgrad::cuda::cudnn
