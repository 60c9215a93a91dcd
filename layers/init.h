// Initialisation as PyTorch computes it. Values are drawn in PyTorch's element order (channels
// first), so that a layer's values do not depend on our layout.
//
// A layer that is constructed has PyTorch's defaults at once: convolutions and linear layers
// uniform weights and biases (kaiming_uniform), batch norms 1 and 0. The numbers come from one
// generator per thread, layer after layer, which begins with seed 0: a program that builds the same
// layers in the same order gets the same values, and layers differ from each other. seed_layers()
// begins anew.
#pragma once

#include "layers/module.h"
#include "tensor/rng.h"

namespace voxgrad {

/// Kaiming normal, fan-in, gain sqrt(2) (He et al., 2015): N(0, 2/fan_in). PyTorch's fan-in is
/// shape[1] * kernel volume in its own order, so for a transposed convolution it counts the OUTPUT
/// channels. weight: ours, [first, k.., second]; fan_in = second * kernel volume in both cases.
void kaiming_normal(const Tensor& weight, Rng& rng);
void normal(const Tensor& tensor, double mean, double standard_deviation, Rng& rng);
void uniform(const Tensor& tensor, double low, double high, Rng& rng);

/// What torch.nn.Conv*d and Linear begin with: weight (Kaiming uniform with a = sqrt(5)) and bias,
/// if defined, uniform within +-1/sqrt(fan_in).
void kaiming_uniform(const Tensor& weight, const Tensor& bias, Rng& rng);

/// The generator of the layers that this thread constructs begins anew with this seed.
void seed_layers(std::uint64_t seed);

/// While one lives in this thread, layers that are constructed are 0 (batch norms 1 and 0), which
/// saves the drawing where a state is loaded or initialize() is called next.
class NoInitialization {
 public:
  NoInitialization();
  ~NoInitialization();
  NoInitialization(const NoInitialization&) = delete;
  NoInitialization& operator=(const NoInitialization&) = delete;

 private:
  bool previous_;
};

/// For constructors of layers: kaiming_uniform() from this thread's generator, or zeros.
void initialize_layer(const Tensor& weight, const Tensor& bias);

/// The published recipe of Pix2Vox for a whole model: convolutions Kaiming with bias 0, batch norms
/// 1 and 0, linear layers N(0, 0.01) with bias 0. Every tensor has its own stream, keyed by (seed,
/// index).
void initialize(Module& model, std::uint64_t seed);

}  // namespace voxgrad
