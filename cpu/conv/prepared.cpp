// f32 and bf16 convolution at speed: oneDNN's kernels, or in f32 our own where they are faster.
// Where oneDNN has nothing but reference code, our own loops are used, which are far better than
// that. Where it has none in bf16 (processors without its instructions), maps and weights are
// widened to f32.
#include "cpu/conv/linear.h"
#include "cpu/conv/single_channel.h"
#include "cpu/conv/small_channels.h"
#include "cpu/conv/weight_bound.h"
#include "cpu/conv/winograd.h"
#include "cpu/kernels.h"
#include "cpu/onednn/onednn.h"
#include "cpu/row_blocks.h"
#include "cpu/vector_math.h"
#include "tensor/ops/convert_ops.h"

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
  dispatch_floating("conv", to.dtype(), [&]<class S>() {
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

using Packed = std::shared_ptr<const onednn::PackedWeight>;

void forward_with(const Packed& packed, const ConvGeometry& g, const Tensor& x, const Tensor& w,
                  const Epilogue& epilogue, const Tensor& y) {
  if (x.dtype() == DType::f32 && weight_bound::preferred(g)) {
    weight_bound::forward(g, x, w, y);
    if (!is_empty(epilogue)) finish(epilogue, y, y);
  } else if (x.dtype() == DType::f32 && linear::supports(g)) {
    linear::forward(g, x, w, y);
    if (!is_empty(epilogue)) finish(epilogue, y, y);
  } else if (x.dtype() == DType::f32 && small_channels::preferred(g)) {
    small_channels::forward(g, x, w, y);
    if (!is_empty(epilogue)) finish(epilogue, y, y);
  } else if (!packed && x.dtype() == DType::f32 && winograd::preferred_unprepared(g)) {
    winograd::prepare(g, w, epilogue)->run(x, y);
  } else if (!onednn::convolve(onednn::Direction::forward, g, {x, w, y, epilogue, packed})) {
    if (x.dtype() == DType::f32) return conv_reference_ops.forward(g, x, w, epilogue, y);
    through_f32(y, [&](const Tensor& wide) {
      forward_with(nullptr, g, x.to(DType::f32), w.to(DType::f32), epilogue, wide);
    });
  }
}

void backward_data_with(const Packed& packed, const ConvGeometry& g, const Tensor& dy,
                        const Tensor& w, const Epilogue& epilogue, const Tensor& dx) {
  if (dy.dtype() == DType::f32 && weight_bound::preferred(g)) {
    weight_bound::backward_data(g, dy, w, dx);
    if (!is_empty(epilogue)) finish(epilogue, dx, dx);
    return;
  }
  if (dy.dtype() == DType::f32 && linear::supports(g)) {
    linear::backward_data(g, dy, w, dx);
    if (!is_empty(epilogue)) finish(epilogue, dx, dx);
    return;
  }
  if (dy.dtype() == DType::f32 && single_channel::preferred(g)) {
    single_channel::backward_data(g, dy, w, dx);
    if (!is_empty(epilogue)) finish(epilogue, dx, dx);
    return;
  }
  // A result that is not finished yet stays in f32.
  const Tensor sums =
      is_empty(epilogue) || dx.dtype() == DType::f32 ? dx : Tensor(dx.shape(), DType::f32);
  if (onednn::convolve(onednn::Direction::backward_data, g, {sums, w, dy, {}, packed})) {
    if (!is_empty(epilogue)) finish(epilogue, sums, dx);
  } else if (dy.dtype() == DType::f32) {
    conv_reference_ops.backward_data(g, dy, w, epilogue, dx);
  } else {
    through_f32(dx, [&](const Tensor& wide) {
      backward_data_with(nullptr, g, dy.to(DType::f32), w.to(DType::f32), epilogue, wide);
    });
  }
}

void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Epilogue& epilogue,
             const Tensor& y) {
  forward_with(nullptr, g, x, w, epilogue, y);
}

void backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                   const Epilogue& epilogue, const Tensor& dx) {
  backward_data_with(nullptr, g, dy, w, epilogue, dx);
}

void backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  if (x.dtype() == DType::f32 && weight_bound::preferred(g)) {
    weight_bound::backward_weight(g, x, dy, dw);
  } else if (x.dtype() == DType::f32 && linear::supports(g)) {
    linear::backward_weight(g, x, dy, dw);
  } else if (!onednn::convolve(onednn::Direction::backward_weight, g, {x, dw, dy, {}})) {
    if (x.dtype() == DType::f32) return conv_reference_ops.backward_weight(g, x, dy, dw);
    backward_weight(g, x.to(DType::f32), dy.to(DType::f32), dw);
  }
}

/// A convolution whose weights lie as its kernel wants them. It also keeps those that its siblings
/// have packed for other kernels, and so hands them on from batch size to batch size.
class Prepared : public PreparedConv {
 public:
  Prepared(const ConvCall& call, const Tensor& w, const Epilogue& epilogue,
           const PreparedConv* sibling)
      : call_(call), w_(w), epilogue_(epilogue) {
    if (const auto* const other = dynamic_cast<const Prepared*>(sibling)) {
      packed_ = other->packed_;
      winograd_ = other->winograd_;
    }
    const ConvGeometry& g = call.geometry;
    const bool f32 = call.x == DType::f32 && call.y == DType::f32;
    if (f32 && (weight_bound::preferred(g) || linear::supports(g))) return;
    if (f32 && !call.transposed && small_channels::preferred(g)) return;
    if (f32 && !call.transposed && winograd::preferred(g)) {
      winograd_ = winograd::prepare(g, w, epilogue, winograd_.get());
      runs_winograd_ = true;
      return;
    }
    const Tensor x(call.transposed ? g.output_shape() : g.input_shape(), call.x);
    const Tensor y(call.transposed ? g.input_shape() : g.output_shape(), sums_dtype());
    const Packed own =
        call.transposed ? onednn::pack(onednn::Direction::backward_data, g, {y, w, x, {}, packed_})
                        : onednn::pack(onednn::Direction::forward, g, {x, w, y, epilogue, packed_});
    if (own) packed_ = own;
  }

  void run(const Tensor& x, const Tensor& y) const override {
    if (runs_winograd_) return winograd_->run(x, y);
    (call_.transposed ? backward_data_with : forward_with)(packed_, call_.geometry, x, w_,
                                                           epilogue_, y);
  }

 private:
  DType sums_dtype() const {
    return call_.transposed && !is_empty(epilogue_) ? DType::f32 : call_.y;
  }

  ConvCall call_;
  Tensor w_;
  Epilogue epilogue_;
  Packed packed_;
  std::shared_ptr<const PreparedConv> winograd_;
  bool runs_winograd_ = false;
};

/// bf16 on processors for which oneDNN has no such kernels: the weights are widened once.
class Widened : public PreparedConv {
 public:
  Widened(ConvCall call, const Tensor& w, const Epilogue& epilogue, const PreparedConv* sibling) {
    const auto* const other = dynamic_cast<const Widened*>(sibling);
    w_ = other ? other->w_ : w.to(DType::f32);
    call.x = call.y = DType::f32;
    wide_ = std::make_shared<Prepared>(call, w_, epilogue, other ? other->wide_.get() : nullptr);
  }

  void run(const Tensor& x, const Tensor& y) const override {
    through_f32(y, [&](const Tensor& result) { wide_->run(x.to(DType::f32), result); });
  }

 private:
  Tensor w_;
  std::shared_ptr<const PreparedConv> wide_;
};

std::shared_ptr<const PreparedConv> prepare(const ConvCall& call, const Tensor& w,
                                            const Epilogue& epilogue, const PreparedConv* sibling) {
  if (call.x == DType::bf16 && !onednn::uses_avx512())
    return std::make_shared<Widened>(call, w, epilogue, sibling);
  return std::make_shared<Prepared>(call, w, epilogue, sibling);
}

}  // namespace

const ConvOps conv_onednn_ops{forward, backward_data, backward_weight, prepare};

}  // namespace voxgrad::cpu
