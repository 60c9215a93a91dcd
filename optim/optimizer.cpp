#include "optim/optimizer.h"

#include <algorithm>
#include <cmath>

#include "autograd/weight_cache.h"
#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

void load_optimizer(const Optimizer& optimizer, const std::vector<NamedTensor>& saved) {
  load_named(optimizer.state(), saved,
             "[optimizer] the saved state does not fit:", "the optimizer");
}

// Parameter and bf16 copy were written together, or, where the step was skipped, neither was.
void mark_written(const std::vector<Variable>& with_copies) {
  for (const Variable& parameter : with_copies) cached_bf16_written(parameter);
}

class Adam : public Optimizer {
 public:
  Adam(std::vector<ParameterEntry> parameters, std::vector<double> rates, const AdamOptions& hyper)
      : Optimizer(std::move(parameters), std::move(rates)), hyper_(hyper) {
    for (const auto& parameter : parameters_) {
      const Tensor& value = parameter.variable.value();
      moments_.push_back({Tensor::zeros(value.shape(), value.dtype(), value.device()),
                          Tensor::zeros(value.shape(), value.dtype(), value.device()),
                          Tensor::zeros({1}, DType::i64)});
    }
  }

  const char* type() const override { return "adam"; }

  void step(const Tensor& skip) override {
    std::vector<AdamSlot> slots;
    std::vector<std::int64_t*> counts;
    std::vector<Variable> with_copies;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const auto& [name, variable, rate, weight_decay] = parameters_[i];
      if (!variable.grad().defined()) continue;
      const Moments& moments = moments_[i];
      counts.push_back(moments.step.data<std::int64_t>());
      slots.push_back({variable.value(), variable.grad(), moments.m, moments.v, rates_[rate],
                       *counts.back() + 1, cached_bf16(variable), weight_decay});
      if (slots.back().copy.defined()) with_copies.push_back(variable);
    }
    if (slots.empty()) return;
    backend(slots[0].parameter.device()).optimizer.adam(slots, hyper_, skip);
    mark_written(with_copies);
    for (std::int64_t* count : counts) ++*count;  // nothing has thrown
  }

  std::vector<NamedTensor> state() const override {
    std::vector<NamedTensor> result;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const std::string& name = parameters_[i].name;
      result.push_back({name + "/exp_avg", moments_[i].m});
      result.push_back({name + "/exp_avg_sq", moments_[i].v});
      result.push_back({name + "/step", moments_[i].step});
    }
    return result;
  }

  void load_state(const std::vector<NamedTensor>& state) override { load_optimizer(*this, state); }

 private:
  struct Moments {
    Tensor m, v, step;
  };
  AdamOptions hyper_;
  std::vector<Moments> moments_;
};

class Sgd : public Optimizer {
 public:
  Sgd(std::vector<ParameterEntry> parameters, std::vector<double> rates, double momentum)
      : Optimizer(std::move(parameters), std::move(rates)), momentum_(momentum) {
    for (const auto& parameter : parameters_) {
      const Tensor& value = parameter.variable.value();
      // From 0, the first step leaves buffer = gradient, as PyTorch's first step does.
      buffers_.push_back(Tensor::zeros(value.shape(), value.dtype(), value.device()));
    }
  }

  const char* type() const override { return "sgd"; }

  void step(const Tensor& skip) override {
    std::vector<SgdSlot> slots;
    std::vector<Variable> with_copies;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const auto& [name, variable, rate, weight_decay] = parameters_[i];
      if (!variable.grad().defined()) continue;
      slots.push_back({variable.value(), variable.grad(), buffers_[i], rates_[rate],
                       cached_bf16(variable), weight_decay});
      if (slots.back().copy.defined()) with_copies.push_back(variable);
    }
    if (slots.empty()) return;
    backend(slots[0].parameter.device()).optimizer.sgd(slots, momentum_, skip);
    mark_written(with_copies);
  }

  std::vector<NamedTensor> state() const override {
    std::vector<NamedTensor> result;
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      result.push_back({parameters_[i].name + "/momentum_buffer", buffers_[i]});
    return result;
  }

  void load_state(const std::vector<NamedTensor>& state) override { load_optimizer(*this, state); }

 private:
  double momentum_;
  std::vector<Tensor> buffers_;
};

}  // namespace

Optimizer::Optimizer(std::vector<ParameterEntry> parameters, std::vector<double> rates)
    : parameters_(std::move(parameters)), rates_(std::move(rates)) {
  for (const auto& parameter : parameters_)
    check(parameter.rate < rates_.size(), "[optimizer] ", parameter.name, " has no learning rate");
}

void Optimizer::zero_grad() {
  for (auto& parameter : parameters_) parameter.variable.zero_grad();
}

void Optimizer::set_learning_rates(std::vector<double> rates) {
  check(rates.size() == rates_.size(), "[optimizer] expects ", rates_.size(),
        " learning rates, got ", rates.size());
  rates_ = std::move(rates);
}

std::unique_ptr<Optimizer> make_adam(std::vector<ParameterEntry> parameters,
                                     std::vector<double> rates, const AdamOptions& hyper) {
  return std::make_unique<Adam>(std::move(parameters), std::move(rates), hyper);
}

std::unique_ptr<Optimizer> make_sgd(std::vector<ParameterEntry> parameters,
                                    std::vector<double> rates, double momentum) {
  return std::make_unique<Sgd>(std::move(parameters), std::move(rates), momentum);
}

}  // namespace voxgrad
