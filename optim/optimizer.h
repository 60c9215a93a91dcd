// Optimizers: SGD with momentum and Adam, with a learning rate a parameter. The formulas are those
// of PyTorch (tensor/ops/functors.h). Parameters without a gradient are skipped, and neither they
// nor their state change.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "autograd/variable.h"
#include "tensor/named_tensor.h"
#include "tensor/ops/optimizer_ops.h"

namespace voxgrad {

/// A parameter as the optimizer sees it. `rate` is the index of its learning rate. With a weight
/// decay each step first multiplies it by 1 - learning rate * weight_decay (decoupled: the moments
/// do not see it).
struct ParameterEntry {
  std::string name;
  Variable variable;
  std::size_t rate = 0;
  double weight_decay = 0;
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  /// "adam" or "sgd": kept in checkpoints, so that a resumed run cannot change it unnoticed.
  virtual const char* type() const = 0;
  /// One update of every parameter that has a gradient. `skip`: see OptimizerOps; do not reuse an
  /// optimizer after a skipped step: its step counts have advanced.
  virtual void step(const Tensor& skip = {}) = 0;
  /// Everything that a resumed run needs, named "<parameter>/<slot>", such as
  /// "decoder.layer1.0.weight/exp_avg"; tensors share storage with the optimizer.
  virtual std::vector<NamedTensor> state() const = 0;
  /// Strict: see load_named() in tensor/named_tensor.h.
  virtual void load_state(const std::vector<NamedTensor>& state) = 0;

  void zero_grad();
  /// One rate an index used by the parameters.
  void set_learning_rates(std::vector<double> rates);
  const std::vector<double>& learning_rates() const { return rates_; }

 protected:
  Optimizer(std::vector<ParameterEntry> parameters, std::vector<double> rates);
  std::vector<ParameterEntry> parameters_;
  std::vector<double> rates_;
};

/// Kingma and Ba, 2015. State a parameter: exp_avg, exp_avg_sq, step (i64 [1]).
std::unique_ptr<Optimizer> make_adam(std::vector<ParameterEntry> parameters,
                                     std::vector<double> rates, const AdamOptions& hyper = {});
/// State a parameter: momentum_buffer.
std::unique_ptr<Optimizer> make_sgd(std::vector<ParameterEntry> parameters,
                                    std::vector<double> rates, double momentum);

}  // namespace voxgrad
