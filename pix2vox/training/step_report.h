// What a training step leaves on the device: its losses and whether it went wrong, in one small
// tensor, so that the host reads all of it in one copy.
#pragma once

#include "tensor/tensor.h"

namespace voxgrad {

class StepReport {
 public:
  explicit StepReport(Device device) : values_({3}, DType::f32, device) {}

  /// Each is f32 [1] and shares the report's memory.
  Tensor loss_merged() const { return values_.slice(0, 1); }
  Tensor loss_refined() const { return values_.slice(1, 2); }  // 0 without refiner
  /// Not 0 if a loss or a gradient held a NaN or an infinity: the optimizer then skips the step.
  Tensor non_finite() const { return values_.slice(2, 3); }

  const Tensor& values() const { return values_; }  // f32 [3]
  void clear() const { values_.fill(0); }

  /// The same on the host.
  struct Values {
    double loss_merged = 0, loss_refined = 0;
    bool non_finite = false;
  };
  /// `host`: what values() held, on the CPU.
  static Values read(const Tensor& host) {
    check_shape("step report", "values", host, {3});
    const float* const values = host.data<float>();
    return {values[0], values[1], values[2] != 0};
  }

 private:
  Tensor values_;
};

}  // namespace voxgrad
