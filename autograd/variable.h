// Variable: a tensor that remembers how it was computed. Define-by-run: every function of layers/
// and autograd/functions.h computes its value at once and, if an input requires a gradient and
// gradients are enabled, attaches a Node to the result. backward() walks the nodes in reverse.
//
//   Variable w(tensor, /*requires_grad=*/true);
//   Variable loss = mean(multiply(w, w));
//   loss.backward();
//   w.grad();   // dloss/dw
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace voxgrad {

struct Node;

/// A cheap handle: copies share value, gradient and history. A default-constructed Variable is
/// undefined and stands for "none" (no bias).
class Variable {
 public:
  Variable() = default;
  /// A leaf.
  explicit Variable(Tensor value, bool requires_grad = false);

  bool defined() const { return state_ != nullptr; }
  const Tensor& value() const;
  const Shape& shape() const { return value().shape(); }
  DType dtype() const { return value().dtype(); }
  Device device() const { return value().device(); }

  /// True for leaves that require a gradient and for everything computed from them.
  bool requires_grad() const;
  /// Only for leaves: frozen parameters get no gradient and cost none.
  void set_requires_grad(bool requires_grad);
  /// The gradient that backward() left in a leaf; undefined before, and after zero_grad().
  const Tensor& grad() const;
  void zero_grad();
  /// Replaces a leaf's value (loading a checkpoint); same shape.
  void set_value(Tensor value);

  /// Runs the backward pass from here. A scalar needs no argument: its gradient is 1. Gradients of
  /// leaves add to those already there. The history is freed on the way.
  void backward() const;
  void backward(const Tensor& gradient) const;

  const std::shared_ptr<Node>& node() const;

  struct State;
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  friend Variable make_result(Tensor value, std::string name, std::vector<Variable> inputs,
                              std::function<std::vector<Tensor>(const Tensor&)> backward);
  std::shared_ptr<State> state_;
};

/// One computed result in the history: its inputs, and the closure that turns the gradient of the
/// result into gradients of the inputs. The closure returns one tensor per input, undefined where
/// inputs[i].requires_grad() is false (it need not compute those). It must not change dy.
struct Node {
  std::string name;  // "encoder.layer1.0/conv2d": module path, then function
  std::vector<Variable> inputs;
  std::function<std::vector<Tensor>(const Tensor& dy)> backward;
};

using BackwardFunction = std::function<std::vector<Tensor>(const Tensor& dy)>;

/// How functions are made: wraps a computed value. Keeps no history if gradients are disabled or no
/// input requires one; the closure is then dropped together with what it saved.
/// `inputs` may hold undefined Variables (an absent bias); their gradients are ignored.
Variable make_result(Tensor value, std::string name, std::vector<Variable> inputs,
                     BackwardFunction backward);

/// True if a function of these inputs has to save what its backward pass needs.
bool needs_history(std::initializer_list<const Variable*> inputs);

/// While one lives in this thread, no history is kept.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool previous_;
};
bool grad_enabled();

/// While one lives in this thread, results' node names begin with this path: "encoder.layer1/".
/// Modules open one around forward().
class NameScope {
 public:
  explicit NameScope(const std::string& name);
  ~NameScope();
  NameScope(const NameScope&) = delete;
  NameScope& operator=(const NameScope&) = delete;
  static const std::string& path();

 private:
  std::size_t previous_length_;
};

/// While one lives in this thread, every forward result and every gradient is checked; the first
/// NaN or infinity throws an Error naming the node, "[anomaly] forward of encoder.layer1.0/conv2d
/// ...".
class FiniteCheck {
 public:
  FiniteCheck();
  ~FiniteCheck();
  FiniteCheck(const FiniteCheck&) = delete;
  FiniteCheck& operator=(const FiniteCheck&) = delete;

 private:
  bool previous_;
};
bool finite_check_enabled();

}  // namespace voxgrad
