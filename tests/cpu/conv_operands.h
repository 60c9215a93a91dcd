// The tensors of a random convolution.
#pragma once

#include "tests/cpu/conv_cases.h"

namespace voxgrad::testing {

struct Operands {
  Tensor x, w, dy;
};

inline Operands random_operands(Rng& rng, const ConvGeometry& g, DType dtype) {
  return {random_normal(rng, g.input_shape(), dtype), random_normal(rng, g.weight_shape(), dtype),
          random_normal(rng, g.output_shape(), dtype)};
}

}  // namespace voxgrad::testing
