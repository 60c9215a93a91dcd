#include "layers/init.h"

#include <algorithm>
#include <cmath>

#include "layers/conv.h"
#include "layers/linear.h"
#include "layers/norm.h"

namespace voxgrad {
namespace {

// Writes value(i) for every element, i counting in PyTorch's order [first, second, k..]; a tensor
// of ours is [first, k.., second].
template <class Draw>
void fill_in_pytorch_order(const Tensor& tensor, Draw&& draw) {
  const Shape& shape = tensor.shape();
  const std::int64_t first = shape.rank() > 0 ? shape[0] : 1;
  const std::int64_t second = shape.rank() > 1 ? shape[-1] : 1;
  const std::int64_t taps = shape.numel() / std::max<std::int64_t>(1, first * second);
  std::vector<double> values(shape.numel());
  for (std::int64_t f = 0; f < first; ++f)
    for (std::int64_t s = 0; s < second; ++s)
      for (std::int64_t k = 0; k < taps; ++k) values[(f * taps + k) * second + s] = draw();
  tensor.copy_from(Tensor::from(values, shape).to(tensor.dtype()).to(tensor.device()));
}

// PyTorch's, in our layout: see init.h.
double fan_in(const char* op, const Tensor& weight) {
  const Shape& shape = weight.shape();
  check(shape.rank() >= 2 && shape.numel() > 0, "[", op,
        "] a weight has at least two dimensions, got ", shape);
  return double(shape.numel()) / double(shape[0]);
}

Rng make_layer_rng(std::uint64_t seed) {
  return Rng(seed, {0x6c61796572});
}

thread_local Rng layer_rng = make_layer_rng(0);
thread_local bool no_initialization = false;

}  // namespace

void normal(const Tensor& tensor, double mean, double standard_deviation, Rng& rng) {
  fill_in_pytorch_order(tensor, [&] { return mean + standard_deviation * rng.normal(); });
}

void uniform(const Tensor& tensor, double low, double high, Rng& rng) {
  fill_in_pytorch_order(tensor, [&] { return rng.uniform(low, high); });
}

void kaiming_normal(const Tensor& weight, Rng& rng) {
  normal(weight, 0, std::sqrt(2.0 / fan_in("kaiming_normal", weight)), rng);
}

void kaiming_uniform(const Tensor& weight, const Tensor& bias, Rng& rng) {
  // gain * sqrt(3 / fan_in) with gain = sqrt(2 / (1 + a^2)) = sqrt(1/3).
  const double bound = 1 / std::sqrt(fan_in("kaiming_uniform", weight));
  uniform(weight, -bound, bound, rng);
  if (bias.defined()) uniform(bias, -bound, bound, rng);
}

void seed_layers(std::uint64_t seed) {
  layer_rng = make_layer_rng(seed);
}

NoInitialization::NoInitialization() : previous_(no_initialization) {
  no_initialization = true;
}
NoInitialization::~NoInitialization() {
  no_initialization = previous_;
}

void initialize_layer(const Tensor& weight, const Tensor& bias) {
  if (!no_initialization) return kaiming_uniform(weight, bias, layer_rng);
  weight.fill(0);
  if (bias.defined()) bias.fill(0);
}

void initialize(Module& model, std::uint64_t seed) {
  std::uint64_t index = 0;
  model.visit([&](const std::string&, Module& module) {
    if (&module != &model && module.name().empty()) return;  // has no place of its own in the state
    Rng rng(seed, {0x696e6974, index++});
    if (auto* layer = dynamic_cast<ConvLayer*>(&module)) {
      kaiming_normal(layer->weight.value(), rng);
      if (layer->bias.defined()) layer->bias.value().fill(0);
    } else if (auto* linear = dynamic_cast<Linear*>(&module)) {
      normal(linear->weight.value(), 0, 0.01, rng);
      if (linear->bias.defined()) linear->bias.value().fill(0);
    } else if (auto* norm = dynamic_cast<BatchNorm*>(&module)) {
      norm->weight.value().fill(1);
      norm->bias.value().fill(0);
    }
  });
}

}  // namespace voxgrad
