#include "layers/module.h"

#include <algorithm>

#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

std::string join(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

bool is_float(DType dtype) {
  return dtype != DType::u8 && dtype != DType::i64;
}

}  // namespace

void Module::collect(const std::string& prefix, std::vector<NamedVariable>* parameters,
                     std::vector<NamedTensor>* buffers, std::vector<NamedTensor>* state) const {
  for (const auto& [kind, index] : order_) {
    switch (kind) {
      case Kind::parameter: {
        const auto& [name, variable] = parameters_[index];
        if (parameters) parameters->push_back({join(prefix, name), variable});
        if (state) state->push_back({join(prefix, name), variable.value()});
        break;
      }
      case Kind::buffer: {
        const auto& [name, tensor] = buffers_[index];
        if (buffers) buffers->push_back({join(prefix, name), *tensor});
        if (state) state->push_back({join(prefix, name), *tensor});
        break;
      }
      case Kind::child: {
        const auto& [name, module] = children_[index];
        module->collect(join(prefix, name), parameters, buffers, state);
        break;
      }
    }
  }
}

std::vector<Module::NamedVariable> Module::parameters() const {
  std::vector<NamedVariable> result;
  collect("", &result, nullptr, nullptr);
  return result;
}

std::vector<NamedTensor> Module::buffers() const {
  std::vector<NamedTensor> result;
  collect("", nullptr, &result, nullptr);
  return result;
}

std::vector<NamedTensor> Module::state() const {
  check(!folded_,
        "[module] this network was folded for inference: its tensors cannot be saved or "
        "loaded. Build another one for that");
  std::vector<NamedTensor> result;
  collect("", nullptr, nullptr, &result);
  return result;
}

void Module::load_state(const std::vector<NamedTensor>& tensors) {
  load_named(state(), tensors, "[load_state] the weights do not fit this model:", "the model");
}

void Module::train(bool training) {
  check(!folded_ || !training,
        "[module] this network was folded for inference and cannot be "
        "trained. Build another one for that");
  visit([training](const std::string&, Module& module) { module.training_ = training; });
}

void Module::set_requires_grad(bool requires_grad) {
  for (auto& [name, parameter] : parameters()) {
    parameter.set_requires_grad(requires_grad);
    if (!requires_grad) parameter.zero_grad();
  }
}

void Module::zero_grad() {
  for (auto& [name, parameter] : parameters()) parameter.zero_grad();
}

void Module::to(Device device) {
  visit([device](const std::string&, Module& module) {
    module.tensors_replaced();
    for (auto& [name, parameter] : module.parameters_)
      parameter.set_value(parameter.value().to(device));
    for (auto& [name, tensor] : module.buffers_) *tensor = tensor->to(device);
  });
}

void Module::to(DType dtype) {
  visit([dtype](const std::string&, Module& module) {
    module.tensors_replaced();
    for (auto& [name, parameter] : module.parameters_)
      parameter.set_value(parameter.value().to(dtype));
    for (auto& [name, tensor] : module.buffers_)
      if (is_float(tensor->dtype())) *tensor = tensor->to(dtype);
  });
}

void Module::visit(const std::function<void(const std::string&, Module&)>& visitor) {
  visit("", visitor);
}

void Module::visit(const std::string& name,
                   const std::function<void(const std::string&, Module&)>& visitor) {
  visitor(name, *this);
  for (const auto& [child_name, module] : children_) module->visit(join(name, child_name), visitor);
}

Variable Module::register_parameter(std::string name, const Tensor& value) {
  Variable parameter(value, true);
  parameters_.push_back({std::move(name), parameter});
  order_.push_back({Kind::parameter, parameters_.size() - 1});
  return parameter;
}

void Module::register_buffer(std::string name, Tensor* tensor) {
  buffers_.push_back({std::move(name), tensor});
  order_.push_back({Kind::buffer, buffers_.size() - 1});
}

PackedWeights& WeightedLayer::packed(const Tensor& weight, DType maps) {
  const auto known = packed_.find(maps);
  return known != packed_.end() ? known->second
                                : packed_.emplace(maps, weight.to(maps)).first->second;
}

void set_precision(Module& module, Precision precision) {
  module.visit([precision](const std::string&, Module& each) {
    if (auto* layer = dynamic_cast<WeightedLayer*>(&each)) layer->set_precision(precision);
  });
}

Variable Sequential::forward(const Variable& x) {
  Variable y = x;
  for (const auto& [name, step] : steps_) y = (*step)(name, y);
  return y;
}

}  // namespace voxgrad
