// f32 convolution at speed: oneDNN's kernels, or its matrix product where that is faster. Where it
// has nothing but reference code, our own loops are used, which are far better than that.
#include "cpu/conv_matrix.h"
#include "cpu/kernels.h"
#include "cpu/onednn.h"
#include "cpu/row_blocks.h"
#include "cpu/vector_math.h"

namespace voxgrad::cpu {
namespace {

/// y = act(y + bias), in place, for kernels without an epilogue of their own.
void finish(const Epilogue& epilogue, const Tensor& y) {
  if (!epilogue.bias.defined()) {
    if (epilogue.activation.kind != ActivationKind::identity)
      elementwise_ops.activation(epilogue.activation, y, y);
    return;
  }
  const RowBlocks blocks(1, y.shape().rows(), y.shape()[-1]);
  const Tensor biases = blocks.repeat<float>(
      [&](std::int64_t, std::int64_t c) { return epilogue.bias.data<float>()[c]; });
  const float* const bias = biases.data<float>();
  float* const out = y.data<float>();
  dispatch_activation(epilogue.activation.kind, [&]<ActivationKind kind>() {
    const Activate<kind, float> activate{float(epilogue.activation.alpha)};
    blocks.for_each_wide_row([=](std::int64_t, std::int64_t begin, std::int64_t length) {
#pragma omp simd
      for (std::int64_t j = 0; j < length; ++j) out[begin + j] = activate(out[begin + j] + bias[j]);
    });
  });
}

void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Epilogue& epilogue,
             const Tensor& y) {
  if (conv_matrix::suits(g)) {
    conv_matrix::forward(g, x, w, y);
    finish(epilogue, y);
  } else if (!onednn::convolve(onednn::Direction::forward, g, {x, w, y, epilogue})) {
    conv_reference_ops.forward(g, x, w, epilogue, y);
  }
}

void backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                   const Epilogue& epilogue, const Tensor& dx) {
  if (conv_matrix::suits(g)) {
    conv_matrix::backward_data(g, dy, w, dx);
  } else if (!onednn::convolve(onednn::Direction::backward_data, g, {dx, w, dy, {}})) {
    return conv_reference_ops.backward_data(g, dy, w, epilogue, dx);
  }
  finish(epilogue, dx);
}

void backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  if (conv_matrix::suits(g)) {
    conv_matrix::backward_weight(g, x, dy, dw);
  } else if (!onednn::convolve(onednn::Direction::backward_weight, g, {x, dw, dy, {}})) {
    conv_reference_ops.backward_weight(g, x, dy, dw);
  }
}

}  // namespace

const ConvOps conv_onednn_ops{forward, backward_data, backward_weight};

}  // namespace voxgrad::cpu
