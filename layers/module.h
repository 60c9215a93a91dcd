// Module: named parameters (learned), named buffers (kept, not learned) and named children. A model
// is a tree of modules; its state dict is the flat list of tensors under dotted names, in the order
// they were registered: "encoder.vgg.0.weight".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "autograd/variable.h"
#include "tensor/named_tensor.h"
#include "tensor/ops/conv_ops.h"
#include "tensor/precision.h"

namespace voxgrad {

class Module {
 public:
  virtual ~Module() = default;
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  struct NamedVariable {
    std::string name;
    Variable variable;
  };

  /// All parameters of this module and its children, with dotted names.
  std::vector<NamedVariable> parameters() const;
  /// All buffers (running statistics, counters), with dotted names.
  std::vector<NamedTensor> buffers() const;
  /// Parameters and buffers in registration order: what a checkpoint holds.
  std::vector<NamedTensor> state() const;
  /// Overwrites parameters and buffers in place, converting dtype and device. Strict: an Error
  /// lists every missing, extra and wrongly shaped tensor.
  void load_state(const std::vector<NamedTensor>& tensors);

  /// Training mode (default) or evaluation mode, for this module and its children.
  /// An Error for a network that was folded.
  void train(bool training = true);
  bool training() const { return training_; }
  /// True after fold_for_inference() (layers/fold.h): the module can no longer be trained, and its
  /// tensors are no longer those of a state dict, so state() and load_state() are Errors.
  bool folded() const { return folded_; }
  /// Freezes or thaws all parameters.
  void set_requires_grad(bool requires_grad);
  void zero_grad();
  /// Moves or converts all parameters and float buffers.
  void to(Device device);
  void to(DType dtype);
  /// This module and all below it, depth first, with dotted names ("" for itself).
  void visit(const std::function<void(const std::string& name, Module&)>& visitor);

 protected:
  /// The returned Variable shares state with the registered one.
  Variable register_parameter(std::string name, const Tensor& value);
  /// `tensor` is a member of the derived class that outlives the registration; to() replaces it.
  void register_buffer(std::string name, Tensor* tensor);
  template <class M>
  std::shared_ptr<M> register_module(std::string name, std::shared_ptr<M> module) {
    children_.push_back({std::move(name), module});
    order_.push_back({Kind::child, children_.size() - 1});
    return module;
  }
  /// to() gives the module other tensors: what was derived from the old ones must go.
  virtual void tensors_replaced() {}

 private:
  enum class Kind { parameter, buffer, child };
  struct Buffer {
    std::string name;
    Tensor* tensor;
  };
  struct Child {
    std::string name;
    std::shared_ptr<Module> module;
  };
  void collect(const std::string& prefix, std::vector<NamedVariable>* parameters,
               std::vector<NamedTensor>* buffers, std::vector<NamedTensor>* state) const;
  void visit(const std::string& name,
             const std::function<void(const std::string&, Module&)>& visitor);

  friend void fold_for_inference(Module& root);

  std::vector<NamedVariable> parameters_;
  std::vector<Buffer> buffers_;
  std::vector<Child> children_;
  std::vector<std::pair<Kind, std::size_t>> order_;
  bool training_ = true;
  bool folded_ = false;
};

/// A module with one input and one output.
class UnaryModule : public Module {
 public:
  virtual Variable forward(const Variable& x) = 0;
  /// forward() inside a NameScope; `name` is this module's name in its parent.
  Variable operator()(const std::string& name, const Variable& x) {
    NameScope scope(name);
    return forward(x);
  }
};

/// A layer that multiplies maps with weights, and so has a precision (tensor/precision.h).
class WeightedLayer : public UnaryModule {
 public:
  void set_precision(Precision precision) { precision_ = precision; }

 protected:
  /// The weight of a folded layer, which must not change any more, for maps of this dtype.
  PackedWeights& packed(const Tensor& weight, DType maps);
  void tensors_replaced() override { packed_.clear(); }
  Precision precision_ = Precision::f32;

 private:
  std::map<DType, PackedWeights> packed_;
};

/// Tells every WeightedLayer below a module. Of maps the dtype counts: who feeds the module
/// casts them to bf16.
void set_precision(Module& module, Precision precision);

/// Children applied in order. Names are chosen by the caller, as the published state dicts number
/// layers with gaps (activations and pools count there).
class Sequential : public UnaryModule {
 public:
  template <class M>
  std::shared_ptr<M> add(std::string name, std::shared_ptr<M> module) {
    steps_.push_back({name, module});
    return register_module(std::move(name), module);
  }
  Variable forward(const Variable& x) override;

  using Step = std::pair<std::string, std::shared_ptr<UnaryModule>>;
  const std::vector<Step>& steps() const { return steps_; }
  /// Leaves a step out of the computation. It remains a child.
  void skip_step(std::size_t index) { steps_.erase(steps_.begin() + std::ptrdiff_t(index)); }
  /// Computes something else in a step's place, under its name. The step remains a child; what
  /// replaces it becomes none, so it must have no parameters.
  void replace_step(std::size_t index, std::shared_ptr<UnaryModule> module) {
    steps_[index].second = std::move(module);
  }

 private:
  std::vector<Step> steps_;
};

}  // namespace voxgrad
