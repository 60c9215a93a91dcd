#include "layers/fold.h"

#include <cmath>

#include "layers/conv.h"
#include "layers/norm.h"
#include "layers/pool.h"

namespace voxgrad {
namespace {

std::vector<double> values_of(const Tensor& tensor) {
  return tensor.to(DType::f64).to_vector<double>();
}

// Output channels are a weight's rows, or, transposed, its columns.
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

void fold(ConvLayer& convolution, const BatchNorm& norm) {
  const std::vector<double> gamma = values_of(norm.weight.value()),
                            beta = values_of(norm.bias.value()),
                            mean = values_of(norm.running_mean),
                            variance = values_of(norm.running_var);
  std::vector<double> scale(gamma.size()), shift(gamma.size(), 0);
  if (convolution.bias.defined()) shift = values_of(convolution.bias.value());
  for (std::size_t c = 0; c < scale.size(); ++c) {
    scale[c] = gamma[c] / std::sqrt(variance[c] + norm.options().eps);
    shift[c] = (shift[c] - mean[c]) * scale[c] + beta[c];
  }
  const Tensor& weight = convolution.weight.value();
  const Tensor on_host = weight.to(Device::cpu());
  scale_channels(on_host, convolution.transposed(), scale);
  if (!on_host.shares_storage_with(weight)) weight.copy_from(on_host);
  const Tensor bias = Tensor::from(shift, {std::int64_t(shift.size())});
  convolution.set_epilogue(bias.to(weight.dtype()).to(weight.device()), norm.options().activation);
}

}  // namespace

void fold_for_inference(Module& root) {
  check(!root.folded(), "[fold] this network was folded already");
  root.train(false);
  root.set_requires_grad(false);
  root.visit([](const std::string&, Module& module) {
    module.folded_ = true;
    auto* const steps = dynamic_cast<Sequential*>(&module);
    for (std::size_t i = 0; steps && i + 1 < steps->steps().size(); ++i) {
      auto* const convolution = dynamic_cast<ConvLayer*>(steps->steps()[i].second.get());
      const auto* const norm = dynamic_cast<BatchNorm*>(steps->steps()[i + 1].second.get());
      if (!convolution || !norm ||
          convolution->options().activation.kind != ActivationKind::identity)
        continue;
      fold(*convolution, *norm);
      if (norm->options().pool > 1)
        steps->replace_step(i + 1, std::make_shared<MaxPool>(norm->options().pool));
      else
        steps->skip_step(i + 1);
    }
  });
}

}  // namespace voxgrad
