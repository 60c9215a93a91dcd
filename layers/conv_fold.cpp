// Convolutions that take over the batch norm after them (layers/conv_block.h).
#include "layers/conv.h"

namespace voxgrad {
namespace {

// Multiplies the weights of each output channel: a weight's rows or, transposed, its columns.
void scale_channels(const Tensor& weight, bool transposed, const std::vector<double>& scale) {
  dispatch_float("fold", weight.dtype(), [&]<class T>() {
    T* const w = weight.data<T>();
    const std::int64_t channels = std::int64_t(scale.size()), n = weight.numel();
    const std::vector<T> factor(scale.begin(), scale.end());
    if (transposed) {
      for (std::int64_t row = 0; row < n; row += channels)
        for (std::int64_t c = 0; c < channels; ++c) w[row + c] *= factor[c];
    } else {
      const std::int64_t row = n / channels;
      for (std::int64_t c = 0; c < channels; ++c)
        for (std::int64_t i = 0; i < row; ++i) w[c * row + i] *= factor[c];
    }
  });
}

}  // namespace

void ConvLayer::absorb(const std::vector<double>& scale, const std::vector<double>& new_bias,
                       Activation activation) {
  const Tensor& w = weight.value();
  const Tensor on_host = w.to(Device::cpu());
  scale_channels(on_host, transposed_, scale);
  if (!on_host.shares_storage_with(w)) w.copy_from(on_host);
  const Tensor b = Tensor::from(new_bias, {options_.out_channels}).to(w.dtype()).to(w.device());
  // The bias is one of the module's parameters, so that it moves with them.
  if (bias.defined()) {
    bias.set_value(b);
  } else {
    bias = register_parameter("bias", b);
    bias.set_requires_grad(false);
  }
  options_.activation = activation;
}

}  // namespace voxgrad
