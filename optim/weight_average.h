// Moving average of a network's weights (Polyak and Juditsky, 1992; as "EMA" in most recipes):
//
//   average = average + (1 - d) (weight - average),   d = min(decay, (1 + n) / (10 + n))
//
// after update n = 0, 1, ...: the first weights are soon forgotten, in long runs the average
// reaches back about 1 / (1 - decay) steps. Buffers of floats (running statistics) are averaged
// like parameters; whole numbers (counters) are copied.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/named_tensor.h"

namespace voxgrad {

class WeightAverage {
 public:
  /// Begins as a copy of `weights` (Module::state()), which later calls must be given again.
  /// Error unless 0 < decay < 1.
  WeightAverage(const std::vector<NamedTensor>& weights, double decay);

  void update(const std::vector<NamedTensor>& weights);
  /// Exchanges the values of weights and average. Twice changes nothing.
  void swap(const std::vector<NamedTensor>& weights);

  const std::vector<NamedTensor>& state() const { return average_; }
  std::int64_t updates() const { return updates_; }
  /// Goes on from a state that was saved. Strict: see load_named() in tensor/named_tensor.h.
  void load(const std::vector<NamedTensor>& average, std::int64_t updates);

 private:
  std::vector<NamedTensor> average_;
  double decay_;
  std::int64_t updates_ = 0;
};

/// The averaged weights in place of the current ones, while it lives. Null: changes nothing.
class AveragedWeights {
 public:
  AveragedWeights(WeightAverage* average, std::vector<NamedTensor> weights)
      : average_(average), weights_(std::move(weights)) {
    if (average_) average_->swap(weights_);
  }
  ~AveragedWeights() {
    if (average_) average_->swap(weights_);
  }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  WeightAverage* average_;
  std::vector<NamedTensor> weights_;
};

}  // namespace voxgrad
