#include "layers/init.h"

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

}  // namespace

void normal(const Tensor& tensor, double mean, double standard_deviation, Rng& rng) {
  fill_in_pytorch_order(tensor, [&] { return mean + standard_deviation * rng.normal(); });
}

void kaiming_normal(const Tensor& weight, Rng& rng) {
  const Shape& shape = weight.shape();
  check(shape.rank() >= 2, "[kaiming_normal] a weight has at least two dimensions, got ", shape);
  const double fan_in = double(shape.numel()) / double(shape[0]);
  normal(weight, 0, std::sqrt(2.0 / fan_in), rng);
}

void initialize(Module& model, std::uint64_t seed) {
  std::uint64_t index = 0;
  model.visit([&](const std::string&, Module& module) {
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
