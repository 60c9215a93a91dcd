#include "optim/weight_average.h"

#include <algorithm>

#include "tensor/error.h"
#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

void check_same(const std::vector<NamedTensor>& average, const std::vector<NamedTensor>& weights) {
  check(average.size() == weights.size(), "[weight average] is of ", average.size(),
        " tensors, got ", weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i)
    check(average[i].name == weights[i].name &&
              average[i].tensor.shape() == weights[i].tensor.shape(),
          "[weight average] expects ", average[i].name, ' ', average[i].tensor.shape(), ", got ",
          weights[i].name, ' ', weights[i].tensor.shape());
}

bool is_float(const Tensor& tensor) {
  return tensor.dtype() == DType::f32 || tensor.dtype() == DType::f64;
}

}  // namespace

WeightAverage::WeightAverage(const std::vector<NamedTensor>& weights, double decay)
    : decay_(decay) {
  check(decay > 0 && decay < 1, "[weight average] decay ", decay, " is not between 0 and 1");
  average_.reserve(weights.size());
  for (const auto& [name, tensor] : weights) average_.push_back({name, tensor.clone()});
}

void WeightAverage::update(const std::vector<NamedTensor>& weights) {
  check_same(average_, weights);
  const double n = double(updates_++);
  const double share = 1 - std::min(decay_, (1 + n) / (10 + n));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Tensor &weight = weights[i].tensor, &average = average_[i].tensor;
    if (!is_float(weight)) {
      average.copy_from(weight);
      continue;
    }
    const ElementwiseOps& ops = backend(weight.device()).elementwise;
    const Tensor step = Tensor::like(weight);
    ops.binary(BinaryKind::subtract, weight, average, step);
    ops.affine(step, share, 0, step);
    ops.accumulate(step, average);
  }
}

void WeightAverage::swap(const std::vector<NamedTensor>& weights) {
  check_same(average_, weights);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Tensor before = weights[i].tensor.clone();
    weights[i].tensor.copy_from(average_[i].tensor);
    average_[i].tensor.copy_from(before);
  }
}

void WeightAverage::load(const std::vector<NamedTensor>& average, std::int64_t updates) {
  load_named(average_, average, "[weight average] the saved average does not fit:", "the model");
  updates_ = updates;
}

}  // namespace voxgrad
