// Convolution, transposed convolution and linear layer as one function. Private to layers/.
#pragma once

#include "autograd/variable.h"
#include "tensor/ops/conv_ops.h"

namespace voxgrad {

struct ConvCall {
  const char* op;           // for messages
  bool transposed = false;  // computes backward_data of the geometry
  ConvGeometry geometry;
  Activation activation{};
  bool without_bias = false;        // the bias is not added, and its gradient is exactly 0
  PackedWeights* packed = nullptr;  // of a folded layer's weight: no history is kept
};

/// y = act(conv(x, weight) + bias); the bias may be undefined. Gradients: dx = backward_data(dy,
/// w), dw = backward_weight(x, dy), dbias = dy summed over all but the channels. For the transposed
/// layer forward and backward_data change places, and so do x and dy in backward_weight.
Variable convolve(const ConvCall& call, const Variable& x, const Variable& weight,
                  const Variable& bias);

}  // namespace voxgrad
