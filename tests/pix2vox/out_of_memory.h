// Running out of memory at each allocation of a piece of work, one after the other, on any device.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "optim/optimizer.h"
#include "pix2vox/network/captured_forward.h"
#include "tensor/captured_graph.h"
#include "tensor/ops/backend.h"
#include "tests/pix2vox/tiny.h"

namespace voxgrad::testing {

/// Calls work() with its k-th allocation failing, for k = 1, 2, ... until none fails, before()
/// ahead of each call and after_failure() after each that failed. Returns how many failed. Each
/// must say what the user can do.
template <class Before, class Work, class After>
std::int64_t fail_each_allocation(Device device, Before before, Work work, After after_failure) {
  const MemoryOps& memory = backend(device).memory;
  for (std::int64_t k = 1;; ++k) {
    CAPTURE(k);
    before();
    std::string message;
    memory.fail_allocation(k, device.index);
    try {
      work();
    } catch (const DeviceError& error) {
      message = error.what();
    }
    memory.fail_allocation(0, device.index);
    if (message.empty()) return k - 1;
    CHECK(message.find("cannot allocate") != std::string::npos);
    CHECK(message.find("Use a smaller batch or fewer views") != std::string::npos);
    after_failure();
  }
}

/// Every part, in its least size: a step is asked for hundreds of times.
inline ModelConfig min_model() {
  ModelConfig model = tiny_model();
  model.trunk_channels = {1, 1, 1, 1};
  model.encoder_channels = {1, 1, 8};
  model.decoder_channels = {1, 1};
  model.merger_channels = {1, 1};
  model.refiner_channels = {1};
  model.refiner_hidden = 2;
  return model;
}

/// A small network with all that a training step needs, which goes the way of Trainer's.
class SmallTraining {
 public:
  SmallTraining(Device device, Precision precision, bool adam)
      : model_(min_model()), report_({1}, DType::f32, device), gradient_work_(device) {
    initialize(model_, 3);
    model_.to(device);
    model_.set_precision(precision);
    images_ = random_images(min_model(), 2, 5).to(DType::f32).to(device);
    truth_ = random_truth(min_model(), 1, 6).to(DType::f32).to(device);
    std::vector<ParameterEntry> parameters;
    for (const auto& [name, variable] : model_.parameters())
      if (variable.requires_grad()) parameters.push_back({name, variable});
    optimizer_ = adam ? make_adam(parameters, {1e-3}) : make_sgd(parameters, {1e-3}, 0.9);
  }

  void step() {
    gradient_work_({images_, truth_}, 2, [&] { compute_gradients(); });
    optimizer_->step(report_);
  }

  /// One more optimizer step with the last gradients. Returns how many of its allocations failed.
  std::int64_t failures_of_optimizer() {
    return fail_each_allocation(
        images_.device(), [] {}, [&] { optimizer_->step(report_); }, [] {});
  }

  /// Copies of parameters and of the optimizer's state, on the CPU.
  std::vector<Tensor> state() const {
    std::vector<Tensor> result;
    for (const auto& [name, variable] : model_.parameters())
      result.push_back(variable.value().to(Device::cpu()).clone());
    for (const auto& [name, tensor] : optimizer_->state())
      result.push_back(tensor.to(Device::cpu()).clone());
    return result;
  }

 private:
  void compute_gradients() {
    optimizer_->zero_grad();
    report_.fill(0);
    const Losses losses = Pix2Vox::losses(model_.forward(images_, 2), truth_);
    losses.total.backward();
    std::vector<Tensor> results{losses.total.value()};
    for (const auto& [name, parameter] : model_.parameters())
      if (parameter.grad().defined()) results.push_back(parameter.grad());
    backend(report_.device()).reduce.flag_non_finite(results, report_);
  }

  Pix2Vox model_;
  Tensor images_, truth_, report_;
  std::unique_ptr<Optimizer> optimizer_;
  GraphedWork gradient_work_;
};

inline bool same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  bool same = a.size() == b.size();
  for (std::size_t i = 0; same && i < a.size(); ++i) same = identical(a[i], b[i]);
  return same;
}

/// Steps that run out of memory leave parameters and optimizer as they were, and the next one that
/// does not gives the bits of one that never did. Returns how many allocations failed, a step.
inline std::vector<std::int64_t> check_training_out_of_memory(Device device, Precision precision,
                                                              bool adam, int steps) {
  SmallTraining training(device, precision, adam), expected(device, precision, adam);
  std::vector<std::int64_t> failures;
  for (int i = 0; i < steps; ++i) {
    CAPTURE(i);
    const std::vector<Tensor> before = training.state();
    int count = 0;
    failures.push_back(fail_each_allocation(
        device, [] {}, [&] { training.step(); },
        [&] {  // a change would last, so not each time
          if (++count % 16 == 0) CHECK(same_bits(training.state(), before));
        }));
    expected.step();
    CHECK(same_bits(training.state(), expected.state()));
    CHECK_FALSE(same_bits(training.state(), before));
  }
  return failures;
}

/// The same for the predictions of a folded network: the first with a shape, and the ones after it.
inline std::vector<std::int64_t> check_prediction_out_of_memory(Device device,
                                                                Precision precision) {
  const Tensor images = random_images(min_model(), 2, 8).to(DType::f32);
  std::unique_ptr<Pix2Vox> model;
  std::unique_ptr<CapturedForward> forward;
  const auto build = [&] {
    forward = nullptr;
    model = std::make_unique<Pix2Vox>(min_model());
    initialize(*model, 7);
    model->fold_for_inference();
    model->to(device);
    model->set_precision(precision);
    forward = std::make_unique<CapturedForward>(*model);
  };
  const auto predict = [&] { return (*forward)(images, 2).volume().value().to(Device::cpu()); };
  build();
  const Tensor expected = predict();
  const auto check_next = [&] { CHECK(identical(predict(), expected)); };
  std::vector<std::int64_t> failures;
  failures.push_back(fail_each_allocation(device, build, predict, check_next));
  check_next();
  failures.push_back(fail_each_allocation(
      device,
      [&] {
        build();
        predict();
      },
      predict, check_next));
  check_next();
  return failures;
}

}  // namespace voxgrad::testing
