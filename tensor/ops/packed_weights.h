// The weights of a network in use, in the layouts of the kernels that have multiplied with them.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "tensor/tensor.h"

namespace voxgrad {

/// One weight in all the layouts that kernels have asked for, each made once. For weights that do
/// not change any more; problems of all batch sizes may share it.
class PackedWeights {
 public:
  explicit PackedWeights(Tensor weight) : weight_(std::move(weight)) {}
  const Tensor& weight() const { return weight_; }
  /// What pack() returned at the first call with this name.
  template <class Pack>
  Tensor get(const std::string& layout, const Pack& pack) {
    Tensor& kept = layouts_[layout];
    if (!kept.defined()) kept = pack();
    return kept;
  }

 private:
  Tensor weight_;
  std::map<std::string, Tensor> layouts_;
};

}  // namespace voxgrad
