// Module: named parameters (learned), named buffers (kept, not learned) and named children. A model
// is a tree of modules; its state dict is the flat list of tensors under dotted names, in the order
// they were registered: "encoder.vgg.0.weight".
//
//   struct Net : UnaryModule {
//     std::shared_ptr<Conv2d> conv = register_module("conv", std::make_shared<Conv2d>(options));
//     Variable forward(const Variable& x, const ForwardContext& context) override {
//       return relu((*conv)(x, context));
//     }
//   };
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "autograd/variable.h"
#include "tensor/named_tensor.h"
#include "tensor/ops/packed_weights.h"
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
  /// An Error for a network that was folded (below).
  void train(bool training = true);
  bool training() const { return training_; }
  /// Makes a trained network faster to use, for good: puts it into evaluation mode, ends gradients,
  /// and merges what can be merged (ConvBlock). Layers then keep their weights in the layouts of
  /// their kernels for every shape that they have met. The network can no longer be trained, and
  /// its tensors are no longer those of a state dict, so state() and load_state() are Errors, and
  /// so is folding twice. The weights are expected to be this network's own.
  void fold_for_inference();
  bool folded() const { return folded_; }
  /// Freezes or unfreezes all parameters.
  void set_requires_grad(bool requires_grad);
  void zero_grad();
  /// Moves or converts all parameters and float buffers.
  void to(Device device);
  void to(DType dtype);
  /// The name under which this module was registered; "" for a root.
  const std::string& name() const { return name_; }
  /// This module and all below it, depth first, with dotted names ("" for itself).
  void visit(const std::function<void(const std::string& name, Module&)>& visitor);

 protected:
  // A name must be new in this module, else an Error.

  /// The returned Variable shares state with the registered one.
  Variable register_parameter(std::string name, const Tensor& value);
  /// `tensor` is a member of the derived class that outlives the registration; to() replaces it.
  void register_buffer(std::string name, Tensor* tensor);
  /// A child without a name ("") adds no level to the dotted names: its members are named as if
  /// they were this module's.
  template <class M>
  std::shared_ptr<M> register_module(const std::string& name, std::shared_ptr<M> module) {
    add_child(name, module);
    return module;
  }
  /// to() gives the module other tensors: what was derived from the old ones must go.
  virtual void tensors_replaced() {}
  /// fold_for_inference() has come to this module: its children may be merged.
  virtual void fold() {}

 private:
  enum class Kind { parameter, buffer, child };
  struct Buffer {
    std::string name;
    Tensor* tensor;
  };
  void collect(const std::string& prefix, std::vector<NamedVariable>* parameters,
               std::vector<NamedTensor>* buffers, std::vector<NamedTensor>* state) const;
  void visit(const std::string& name,
             const std::function<void(const std::string&, Module&)>& visitor);
  void add_child(std::string name, std::shared_ptr<Module> module);
  std::vector<std::string> member_names() const;
  void check_new(const std::string& name) const;

  std::string name_;
  std::vector<NamedVariable> parameters_;
  std::vector<Buffer> buffers_;
  std::vector<std::shared_ptr<Module>> children_;
  std::vector<std::pair<Kind, std::size_t>> order_;
  bool training_ = true;
  bool folded_ = false;
};

/// What a forward pass has to know besides its input.
struct ForwardContext {
  /// The batch holds this many views of each object, all first views first: in training, batch
  /// norms take the statistics of each view by itself.
  std::int64_t n_views = 1;
};

/// A module with one input and one output.
class UnaryModule : public Module {
 public:
  /// How modules are called: forward() under this module's name.
  Variable operator()(const Variable& x, const ForwardContext& context = {}) {
    const NameScope scope(name());
    return forward(x, context);
  }
  virtual Variable forward(const Variable& x, const ForwardContext& context) = 0;
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
  std::shared_ptr<M> add(const std::string& name, std::shared_ptr<M> module) {
    register_module(name, module);
    steps_.push_back(module);
    return module;
  }
  Variable forward(const Variable& x, const ForwardContext& context) override;

 private:
  std::vector<std::shared_ptr<UnaryModule>> steps_;
};

}  // namespace voxgrad
