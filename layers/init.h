// Initialisation as PyTorch computes it. Values are drawn in PyTorch's element order (channels
// first), so that a layer's values do not depend on our layout.
#pragma once

#include "layers/module.h"
#include "tensor/rng.h"

namespace voxgrad {

/// Kaiming normal, fan-in, gain sqrt(2) (He et al., 2015): N(0, 2/fan_in). PyTorch's fan-in is
/// shape[1] * kernel volume in its own order, so for a transposed convolution it counts the OUTPUT
/// channels. weight: ours, [first, k.., second]; fan_in = second * kernel volume in both cases.
void kaiming_normal(const Tensor& weight, Rng& rng);
void normal(const Tensor& tensor, double mean, double standard_deviation, Rng& rng);

/// The published recipe for a whole model: convolutions Kaiming with bias 0, batch norms 1 and 0,
/// linear layers N(0, 0.01) with bias 0. Every tensor has its own stream, keyed by (seed, index).
void initialize(Module& model, std::uint64_t seed);

}  // namespace voxgrad
