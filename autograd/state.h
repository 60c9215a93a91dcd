// What a Variable points to. Private to autograd/.
#pragma once

#include "autograd/variable.h"

namespace voxgrad {

struct Variable::State {
  Tensor value;
  Tensor grad;
  bool requires_grad = false;
  std::shared_ptr<Node> node;  // null for leaves

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  /// Takes a long history apart in a loop: recursion would need a stack frame a node.
  ~State();
};

/// Throws if FiniteCheck is on and the tensor holds a NaN or an infinity.
void check_finite(const Tensor& tensor, const char* what, const std::string& node);

}  // namespace voxgrad
