// The bf16 copy of an f32 weight. Layers on bf16 maps multiply with it in every pass, but the
// weight changes only where an optimizer steps or a state is loaded: so the weight's Variable keeps
// the copy, layers ask for it, and optimizers write both at once.
#pragma once

#include "autograd/variable.h"

namespace voxgrad {

struct WeightCache {
  Tensor bf16;                // undefined: none yet
  std::uint64_t version = 0;  // of the weight (Tensor::version) when the copy was made
};

/// weight.value().to(DType::bf16), rounded only where the weight may have changed since, on the
/// same memory. In work that is recorded (tensor/captured_graph.h) an up-to-date copy is refreshed
/// before each replay, else rounding is part of the recorded work. One thread at a time.
Tensor bf16_weight(const Variable& weight);

/// The copy that is kept, if it is up to date, else undefined. Who then writes it together with the
/// weight (or neither) says so.
Tensor cached_bf16(const Variable& weight);
void cached_bf16_written(const Variable& weight);

}  // namespace voxgrad
