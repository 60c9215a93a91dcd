#include "layers/module.h"

#include <algorithm>
#include <iterator>

#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

std::string join(const std::string& prefix, const std::string& name) {
  if (prefix.empty() || name.empty()) return prefix + name;
  return prefix + "." + name;
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
        const Module& child = *children_[index];
        child.collect(join(prefix, child.name_), parameters, buffers, state);
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
  for (const auto& child : children_) child->visit(join(name, child->name_), visitor);
}

void Module::fold_for_inference() {
  check(!folded_, "[module] this network was folded for inference already");
  train(false);
  set_requires_grad(false);
  visit([](const std::string&, Module& module) {
    module.folded_ = true;
    module.fold();
  });
}

std::vector<std::string> Module::member_names() const {
  std::vector<std::string> names;
  for (const auto& [name, variable] : parameters_) names.push_back(name);
  for (const auto& [name, tensor] : buffers_) names.push_back(name);
  for (const auto& child : children_) {
    if (!child->name_.empty()) {
      names.push_back(child->name_);
    } else {
      std::ranges::copy(child->member_names(), std::back_inserter(names));
    }
  }
  return names;
}

void Module::check_new(const std::string& name) const {
  check(!name.empty(), "[module] a parameter or buffer needs a name");
  check(name.find('.') == std::string::npos, "[module] a name may not contain a dot: \"", name,
        '"');
  for (const std::string& other : member_names())
    check(other != name, "[module] there is already a member named \"", name,
          "\": each parameter, buffer and child of a module needs a name of its own");
}

void Module::add_child(std::string name, std::shared_ptr<Module> module) {
  check(module != nullptr, "[module] the child \"", name, "\" is null");
  check(module->name_.empty() || module->name_ == name, "[module] the module \"", module->name_,
        "\" cannot be registered again as \"", name, '"');
  if (name.empty())
    for (const std::string& each : module->member_names()) check_new(each);
  else
    check_new(name);
  module->name_ = std::move(name);
  children_.push_back(std::move(module));
  order_.push_back({Kind::child, children_.size() - 1});
}

Variable Module::register_parameter(std::string name, const Tensor& value) {
  check_new(name);
  Variable parameter(value, true);
  parameters_.push_back({std::move(name), parameter});
  order_.push_back({Kind::parameter, parameters_.size() - 1});
  return parameter;
}

void Module::register_buffer(std::string name, Tensor* tensor) {
  check_new(name);
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

Variable Sequential::forward(const Variable& x, const ForwardContext& context) {
  Variable y = x;
  for (const auto& step : steps_) y = (*step)(y, context);
  return y;
}

}  // namespace voxgrad
