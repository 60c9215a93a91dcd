// The backward pass: nodes in reverse topological order, without recursion.
#include <unordered_map>
#include <unordered_set>

#include "autograd/profile.h"
#include "autograd/state.h"
#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

using StatePointer = std::shared_ptr<Variable::State>;

// Adds in place where nobody else can see the sum; closures may return the same tensor twice.
void add_gradient(Tensor& total, Tensor gradient) {
  if (!total.defined()) {
    total = std::move(gradient);
    return;
  }
  const ElementwiseOps& ops = backend(gradient.device()).elementwise;
  if (total.unique()) {
    ops.accumulate(gradient, total);
    return;
  }
  Tensor sum = Tensor::like(total);
  ops.binary(BinaryKind::add, total, gradient, sum);
  total = std::move(sum);
}

// All computed states below `root`, every one after all states that it was computed from.
std::vector<StatePointer> topological_order(const StatePointer& root) {
  struct Visit {
    StatePointer state;
    std::size_t next_input = 0;
  };
  std::vector<StatePointer> order;
  std::unordered_set<const Variable::State*> seen{root.get()};
  std::vector<Visit> stack;
  stack.push_back({root});
  while (!stack.empty()) {
    const std::vector<Variable>& inputs = stack.back().state->node->inputs;
    if (stack.back().next_input == inputs.size()) {
      order.push_back(std::move(stack.back().state));
      stack.pop_back();
      continue;
    }
    const Variable& input = inputs[stack.back().next_input++];
    if (input.node() && seen.insert(input.state().get()).second) stack.push_back({input.state()});
  }
  return order;
}

void check_gradient(const Node& node, const Variable& input, const Tensor& gradient) {
  check(gradient.defined(), "[backward] ", node.name,
        " gave no gradient for an input that requires one");
  check(gradient.shape() == input.shape() && gradient.dtype() == input.dtype(), "[backward] ",
        node.name, " gave a gradient ", gradient.dtype(), gradient.shape(), " for an input ",
        input.dtype(), input.shape());
  check_finite(gradient, "backward", node.name);
}

}  // namespace

void Variable::backward() const {
  check(value().numel() == 1, "[backward] a result of shape ", shape(),
        " needs a gradient argument: only a single number starts from 1");
  backward(Tensor::full(shape(), 1.0, dtype(), device()));
}

void Variable::backward(const Tensor& gradient) const {
  check(requires_grad(), "[backward] nothing below this result requires a gradient");
  check_shape("backward", "gradient", gradient, shape());
  check_same_kind("backward", gradient, value());
  if (!node()) {
    add_gradient(state_->grad, gradient);
    return;
  }

  Profile::backward_of(nullptr);
  std::unordered_map<const State*, Tensor> gradients{{state_.get(), gradient}};
  std::vector<StatePointer> order = topological_order(state_);
  while (!order.empty()) {
    const StatePointer state = std::move(order.back());
    order.pop_back();
    Node& node = *state->node;
    check(bool(node.backward), "[backward] the history of ", node.name,
          " was already used and freed: compute the result again");
    auto found = gradients.extract(state.get());
    if (found.empty()) continue;  // not on any path that requires a gradient
    Profile::backward_of(&node);
    std::vector<Tensor> results = node.backward(found.mapped());
    Profile::backward_of(nullptr);
    found.mapped() = Tensor();
    check(results.size() == node.inputs.size(), "[backward] ", node.name, " gave ", results.size(),
          " gradients for ", node.inputs.size(), " inputs");
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Variable& input = node.inputs[i];
      if (!input.requires_grad()) continue;
      check_gradient(node, input, results[i]);
      Tensor& total = input.node() ? gradients[input.state().get()] : input.state()->grad;
      add_gradient(total, std::move(results[i]));
    }
    node.backward = nullptr;
    node.inputs.clear();
  }
  Profile::forward_of(NameScope::path());
}

}  // namespace voxgrad
