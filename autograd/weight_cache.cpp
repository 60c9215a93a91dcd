#include "autograd/weight_cache.h"

#include "autograd/state.h"
#include "tensor/captured_graph.h"
#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

bool is_current(const WeightCache& cache, const Tensor& weight) {
  return cache.bf16.defined() && cache.version == weight.version();
}

void refresh(WeightCache& cache, const Tensor& weight) {
  if (is_current(cache, weight)) return;
  backend(weight.device()).elementwise.convert(weight, cache.bf16);
  cache.version = weight.version();  // which reading it has changed
}

}  // namespace

Tensor bf16_weight(const Variable& weight) {
  const Tensor& value = weight.value();
  const bool is_leaf = weight.node() == nullptr;
  if (value.dtype() != DType::f32 || !is_leaf) return value.to(DType::bf16);
  WeightCache& cache = weight.state()->cache;
  if (CapturedGraph::recording()) {
    if (!is_current(cache, value)) {
      CapturedGraph::derived(value, nullptr);
      return value.to(DType::bf16);
    }
    CapturedGraph::derived(value, [weight, value, copy = cache.bf16] {
      // The recorded work holds these tensors, even if the Variable holds others by now.
      WeightCache& kept = weight.state()->cache;
      if (kept.bf16.defined() && kept.bf16.shares_storage_with(copy)) return refresh(kept, value);
      backend(value.device()).elementwise.convert(value, copy);
    });
    return cache.bf16;
  }
  if (!cache.bf16.defined()) cache.bf16 = Tensor(value.shape(), DType::bf16, value.device());
  refresh(cache, value);
  return cache.bf16;
}

Tensor cached_bf16(const Variable& weight) {
  const WeightCache& cache = weight.state()->cache;
  return is_current(cache, weight.value()) ? cache.bf16 : Tensor();
}

void cached_bf16_written(const Variable& weight) {
  WeightCache& cache = weight.state()->cache;
  check(cache.bf16.defined(), "[weight cache] this weight has no bf16 copy");
  cache.version = weight.value().version();
}

}  // namespace voxgrad
