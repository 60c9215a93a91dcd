// Learning-rate schedules, as factors of a base rate. Position is measured in epochs, with
// fractions: 2.5 is the middle of the third epoch.
#pragma once

#include <cstdint>
#include <vector>

namespace voxgrad {

/// The learning rate of an epoch (from 0): base * gamma^(number of milestones <= epoch).
double multi_step_lr(double base, const std::vector<std::int64_t>& milestones, double gamma,
                     std::int64_t epoch);

/// Half a cosine from 1 at position 0 to `final_factor` at `length` and after (Loshchilov and
/// Hutter, "SGDR", ICLR 2017, without restarts): f + (1 - f) (1 + cos(pi position / length)) / 2.
double cosine_factor(double position, double length, double final_factor);

/// Linear from 0 to 1 over the first `length` epochs, then 1: the factor
/// of the step that ends at `position`. 1 if length is 0.
double warmup_factor(double position, double length);

}  // namespace voxgrad
