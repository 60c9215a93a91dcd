// What a Variable points to. Private to autograd/.
#pragma once

#include "autograd/variable.h"
#include "autograd/weight_cache.h"

namespace voxgrad {

struct Variable::State {
  Tensor value;
  Tensor grad;
  bool requires_grad = false;
  std::shared_ptr<Node> node;  // null for leaves
  WeightCache cache;           // of leaves that bf16 maps are multiplied with

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  /// Takes a long history apart in a loop: recursion would need a stack frame per node.
  ~State();
};

/// Throws if FiniteCheck is on and the tensor holds a NaN or an infinity.
void check_finite(const Tensor& tensor, const char* what, const std::string& node);

}  // namespace voxgrad
