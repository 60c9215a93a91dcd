// f32 and bf16 convolution at speed: oneDNN's kernels, or in f32 its matrix product where that is
// faster. Where it has nothing but reference code, our own loops are used, which are far better
// than that; they know no bf16, so there it is widened to f32 on the way in.
#include "cpu/conv_matrix.h"
#include "cpu/kernels.h"
#include "cpu/onednn.h"
#include "cpu/row_blocks.h"
#include "cpu/vector_math.h"
#include "tensor/ops/convert.h"

namespace voxgrad::cpu {
namespace {

bool is_empty(const Epilogue& epilogue) {
  return !epilogue.bias.defined() && epilogue.activation.kind == ActivationKind::identity;
}

/// to = act(from + bias), for kernels without an epilogue of their own. from is f32 and may be to.
void finish(const Epilogue& epilogue, const Tensor& from, const Tensor& to) {
  const RowBlocks blocks(1, to.shape().rows(), to.shape()[-1]);
  const Tensor biases = blocks.repeat<float>([&](std::int64_t, std::int64_t c) {
    return epilogue.bias.defined() ? epilogue.bias.data<float>()[c] : 0.0f;
  });
  const float* const bias = biases.data<float>();
  const float* const in = from.data<float>();
  dispatch_map("conv", to.dtype(), [&]<class S>() {
    if constexpr (!std::is_same_v<S, double>) {
      S* const out = to.data<S>();
      dispatch_activation(epilogue.activation.kind, [&]<ActivationKind kind>() {
        const Activate<kind, float> activate{float(epilogue.activation.alpha)};
        blocks.for_each_wide_row([=](std::int64_t, std::int64_t begin, std::int64_t length) {
#pragma omp simd
          for (std::int64_t j = 0; j < length; ++j)
            out[begin + j] = store<S>(activate(in[begin + j] + bias[j]));
        });
      });
    }
  });
}

/// kernel(f32 tensor) computes y, which may be bf16.
template <class Kernel>
void through_f32(const Tensor& y, Kernel kernel) {
  if (y.dtype() == DType::f32) return kernel(y);
  const Tensor wide(y.shape());
  kernel(wide);
  elementwise_ops.convert(wide, y);
}

void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Epilogue& epilogue,
             const Tensor& y) {
  if (x.dtype() == DType::f32 && conv_matrix::suits(g)) {
    conv_matrix::forward(g, x, w, y);
    if (!is_empty(epilogue)) finish(epilogue, y, y);
  } else if (!onednn::convolve(onednn::Direction::forward, g, {x, w, y, epilogue})) {
    through_f32(y, [&](const Tensor& wide) {
      conv_reference_ops.forward(g, x.to(DType::f32), w.to(DType::f32), epilogue, wide);
    });
  }
}

void backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                   const Epilogue& epilogue, const Tensor& dx) {
  if (dy.dtype() == DType::f32 && conv_matrix::suits(g)) {
    conv_matrix::backward_data(g, dy, w, dx);
    if (!is_empty(epilogue)) finish(epilogue, dx, dx);
    return;
  }
  // A result that is not finished yet stays in f32.
  const Tensor sums =
      is_empty(epilogue) || dx.dtype() == DType::f32 ? dx : Tensor(dx.shape(), DType::f32);
  if (onednn::convolve(onednn::Direction::backward_data, g, {sums, w, dy, {}})) {
    if (!is_empty(epilogue)) finish(epilogue, sums, dx);
  } else {
    through_f32(dx, [&](const Tensor& wide) {
      conv_reference_ops.backward_data(g, dy.to(DType::f32), w.to(DType::f32), epilogue, wide);
    });
  }
}

void backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  if (x.dtype() == DType::f32 && conv_matrix::suits(g)) {
    conv_matrix::backward_weight(g, x, dy, dw);
  } else if (!onednn::convolve(onednn::Direction::backward_weight, g, {x, dw, dy, {}})) {
    conv_reference_ops.backward_weight(g, x.to(DType::f32), dy.to(DType::f32), dw);
  }
}

}  // namespace

const ConvOps conv_onednn_ops{forward, backward_data, backward_weight};

}  // namespace voxgrad::cpu
