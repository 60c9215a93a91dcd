#include "optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace voxgrad {

double multi_step_lr(double base, const std::vector<std::int64_t>& milestones, double gamma,
                     std::int64_t epoch) {
  const auto passed = std::count_if(milestones.begin(), milestones.end(),
                                    [epoch](std::int64_t milestone) { return milestone <= epoch; });
  return base * std::pow(gamma, double(passed));
}

double cosine_factor(double position, double length, double final_factor) {
  const double share = std::clamp(position / length, 0.0, 1.0);
  return final_factor + (1 - final_factor) * (1 + std::cos(std::numbers::pi * share)) / 2;
}

double warmup_factor(double position, double length) {
  return position >= length ? 1 : std::max(position, 0.0) / length;
}

}  // namespace voxgrad
