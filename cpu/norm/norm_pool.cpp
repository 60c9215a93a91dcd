// Batch norm, activation and max pooling in one pass, and its gradient in two: the sums over the
// argmax of all windows, then dx. Channels are taken a tile at a time, so that what is kept of a
// window while its elements pass by stays in L1.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/norm/norm_pool.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "cpu/kernels.h"
#include "cpu/norm/coefficients.h"
#include "simd/simd.h"
#include "tensor/ops/convert_ops.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::HWY_NAMESPACE {
namespace {

constexpr std::int64_t kTile = 64;

/// An integer of T's width, so that both fill the same vectors.
template <class T>
using Tap = std::conditional_t<std::is_same_v<T, double>, std::int64_t, std::int32_t>;

/// body(tap, pixel) for a window's elements inside the map; `pixel` counts those of all of x.
/// A window at the upper end of an axis may be cut off.
template <class Body>
void for_each_tap(const PoolGeometry& g, std::int64_t n, const Triple& window, Body body) {
  Triple begin{}, size{};
  for (int axis = 0; axis < 3; ++axis) {
    begin[axis] = window[axis] * g.kernel[axis];
    size[axis] = std::min(g.kernel[axis], g.input[axis] - begin[axis]);
  }
  for (std::int64_t kd = 0; kd < size[0]; ++kd) {
    for (std::int64_t kh = 0; kh < size[1]; ++kh) {
      const std::int64_t row = (n * g.input[0] + begin[0] + kd) * g.input[1] + begin[1] + kh;
      const std::int64_t pixel = row * g.input[2] + begin[2];
      const std::int64_t tap = (kd * g.kernel[1] + kh) * g.kernel[2];
      for (std::int64_t kw = 0; kw < size[2]; ++kw) body(tap + kw, pixel + kw);
    }
  }
}

/// body(n, window, begin, length): every window, a tile of channels at a time. count: windows along
/// the axes.
template <class Body>
void for_each_tile(const PoolGeometry& g, const Triple& count, Body body) {
  const std::int64_t row_cost = count[2] * g.channels * g.kernel[0] * g.kernel[1] * g.kernel[2];
  for_each_task(g.batch * count[0] * count[1], row_cost, [&](std::int64_t row) HWY_ATTR {
    const std::int64_t n = row / count[1] / count[0];
    Triple window{row / count[1] % count[0], row % count[1], 0};
    for (; window[2] < count[2]; ++window[2])
      for (std::int64_t begin = 0; begin < g.channels; begin += kTile)
        body(n, window, begin, std::min(kTile, g.channels - begin));
  });
}

/// The place of a complete window's result, a pixel of y.
std::int64_t pooled_pixel(const PoolGeometry& g, std::int64_t n, const Triple& window) {
  return ((n * g.output[0] + window[0]) * g.output[1] + window[1]) * g.output[2] + window[2];
}

bool is_complete(const PoolGeometry& g, const Triple& window) {
  return window[0] < g.output[0] && window[1] < g.output[1] && window[2] < g.output[2];
}

/// What the backward pass knows of a tile's argmax: which they are, x - mean there, and the
/// gradient at the norm.
template <class T>
struct Winners {
  Tap<T> tap[kTile];
  T centred[kTile];
  T gradient[kTile];
};

/// What a backward pass reads.
template <class S, ActivationKind kind>
struct PooledGradient {
  using T = Compute<S>;
  PoolGeometry g;
  const S* x;
  const S* dy;
  const std::uint8_t* argmax;
  GradientAtNorm<kind, T> gradient_at;

  /// Of a complete window. m, s, b: the coefficients of the tile's channels (coefficients.h).
  void find(std::int64_t n, const Triple& window, std::int64_t begin, std::int64_t length,
            const T* m, const T* s, const T* b, Winners<T>& found) const {
    const std::int64_t at = pooled_pixel(g, n, window) * g.channels + begin;
    const std::uint8_t* const winner = argmax + at;
#pragma omp simd
    for (std::int64_t j = 0; j < length; ++j) found.tap[j] = winner[j];
    T chosen[kTile]{};
    for_each_tap(g, n, window, [&](std::int64_t tap, std::int64_t pixel) HWY_ATTR {
      const S* const in = x + pixel * g.channels + begin;
      if (tap == 0) {
#pragma omp simd
        for (std::int64_t j = 0; j < length; ++j) chosen[j] = load(in[j]);
      } else {
#pragma omp simd
        for (std::int64_t j = 0; j < length; ++j)
          chosen[j] = found.tap[j] == Tap<T>(tap) ? load(in[j]) : chosen[j];
      }
    });
    const S* const out_gradient = dy + at;
    const auto gradient = gradient_at;  // its coefficients in registers
#pragma omp simd
    for (std::int64_t j = 0; j < length; ++j) {
      const T centred = chosen[j] - m[j];
      found.centred[j] = centred;
      found.gradient[j] = gradient(centred, s[j], b[j], load(out_gradient[j]));
    }
  }
};

}  // namespace

void normalize_pool(const PoolGeometry& g, const Tensor& x, const Tensor& mean,
                    const Tensor& variance, const BatchNormParameters& parameters, const Tensor& y,
                    const Tensor& argmax) {
  dispatch_floating("batch_norm", x.dtype(), [&]<class S>() {
    using T = Compute<S>;
    const RowBlocks blocks = blocks_of(x, mean);
    const Coefficients<T> coefficients(blocks, mean, variance, parameters);
    const std::int64_t group_batch = g.batch / blocks.groups, width = blocks.width;
    const S* const in = x.data<S>();
    S* const out = y.data<S>();
    std::uint8_t* const taps = argmax.defined() ? argmax.data<std::uint8_t>() : nullptr;
    const T* const means = coefficients.mean.template data<T>();
    const T* const scales = coefficients.scale.template data<T>();
    const T* const betas = coefficients.beta.template data<T>();
    dispatch_activation(parameters.activation.kind, [&]<ActivationKind kind>() {
      const Activate<kind, T> activation{T(parameters.activation.alpha)};
      for_each_tile(
          g, g.output,
          [=](std::int64_t n, const Triple& window, std::int64_t begin, std::int64_t length)
              HWY_ATTR {
                const T* const m = means + n / group_batch * width + begin;
                const T* const s = scales + n / group_batch * width + begin;
                const T* const b = betas + n / group_batch * width + begin;
                const auto activate = activation;  // its coefficients in registers
                T best[kTile];
                Tap<T> winner[kTile];
                for_each_tap(g, n, window, [&](std::int64_t tap, std::int64_t pixel) HWY_ATTR {
                  const S* const row = in + pixel * g.channels + begin;
                  if (tap == 0) {
#pragma omp simd
                    for (std::int64_t j = 0; j < length; ++j) {
                      best[j] = activate((load(row[j]) - m[j]) * s[j] + b[j]);
                      winner[j] = 0;
                    }
                  } else {
#pragma omp simd
                    for (std::int64_t j = 0; j < length; ++j) {
                      const T value = activate((load(row[j]) - m[j]) * s[j] + b[j]);
                      const bool wins =
                          (value > best[j]) | (value != value);  // a branch would not vectorise
                      best[j] = wins ? value : best[j];
                      winner[j] = wins ? Tap<T>(tap) : winner[j];
                    }
                  }
                });
                const std::int64_t at = pooled_pixel(g, n, window) * g.channels + begin;
#pragma omp simd
                for (std::int64_t j = 0; j < length; ++j) out[at + j] = store<S>(best[j]);
                if (taps == nullptr) return;
                std::uint8_t* const tap_of = taps + at;  // bytes may alias the closure
#pragma omp simd
                for (std::int64_t j = 0; j < length; ++j) tap_of[j] = std::uint8_t(winner[j]);
              });
    });
  });
}

void backward_pool(const PoolGeometry& g, bool constant, const Tensor& x, const Tensor& dy,
                   const Tensor& argmax, const Tensor& mean, const Tensor& variance,
                   const BatchNormParameters& parameters, const Tensor& dx, const Tensor& dgamma,
                   const Tensor& dbeta) {
  dispatch_floating("batch_norm_backward", x.dtype(), [&]<class S>() {
    using T = Compute<S>;
    const RowBlocks blocks = blocks_of(x, mean), pooled = blocks_of(dy, mean);
    const Coefficients<T> coefficients(blocks, mean, variance, parameters);
    const std::int64_t group_batch = g.batch / blocks.groups, width = blocks.width;
    const T* const means = coefficients.mean.template data<T>();
    const T* const inverses = coefficients.inverse.template data<T>();
    const T* const scales = coefficients.scale.template data<T>();
    const T* const betas = coefficients.beta.template data<T>();
    dispatch_activation(parameters.activation.kind, [&]<ActivationKind kind>() {
      const T alpha = T(parameters.activation.alpha);
      const PooledGradient<S, kind> pooled_gradient{
          g, x.data<S>(), dy.data<S>(), argmax.data<std::uint8_t>(), {{alpha}, {alpha}}};

      // Elements that lost their window, or are in none, add nothing.
      Tensor sums;  // [G,2,C]: sum of g, sum of g xhat
      if (!constant || dgamma.defined()) {
        sums = pooled.sum_rows<2, T>(
            [=](std::int64_t group, std::int64_t from, std::int64_t to, T* sum) HWY_ATTR {
              const std::int64_t channels = g.channels;
              for (std::int64_t place = from; place < to; place += channels) {
                const std::int64_t at = (place - from) % pooled.width;  // in a wide row
                const std::int64_t pixel = place / channels, row = pixel / g.output[2];
                const Triple window{row / g.output[1] % g.output[0], row % g.output[1],
                                    pixel % g.output[2]};
                const std::int64_t n = row / g.output[1] / g.output[0];
                for (std::int64_t begin = 0; begin < channels; begin += kTile) {
                  const std::int64_t tile = std::min(kTile, channels - begin);
                  const std::int64_t of_tile = group * width + begin;
                  Winners<T> found;
                  pooled_gradient.find(n, window, begin, tile, means + of_tile, scales + of_tile,
                                       betas + of_tile, found);
                  const T* const inv = inverses + of_tile;
                  T* const total = sum + at + begin;
                  T* const product = total + width;
#pragma omp simd
                  for (std::int64_t j = 0; j < tile; ++j) {
                    total[j] += found.gradient[j];
                    product[j] += found.gradient[j] * (found.centred[j] * inv[j]);
                  }
                }
              }
            });
      }
      if (dgamma.defined()) store_parameter_gradients<T>(sums, dgamma, dbeta);
      if (!dx.defined()) return;

      const MeanGradients<T> gradients(blocks, constant ? Tensor() : sums);
      const T* const gradient_means = gradients.gradient.template data<T>();
      const T* const product_means = gradients.product.template data<T>();
      S* const result = dx.data<S>();
      Triple covering{};
      for (int axis = 0; axis < 3; ++axis)
        covering[axis] = (g.input[axis] + g.kernel[axis] - 1) / g.kernel[axis];
      for_each_tile(
          g, covering,
          [=](std::int64_t n, const Triple& window, std::int64_t begin,
              std::int64_t length) HWY_ATTR {
            const std::int64_t place = n / group_batch * width + begin;
            const T* const m = means + place;
            const T* const s = scales + place;
            const T* const inv = inverses + place;
            const T* const gm = gradient_means + place;
            const T* const pm = product_means + place;
            Winners<T> found;
            if (is_complete(pooled_gradient.g, window)) {
              pooled_gradient.find(n, window, begin, length, m, s, betas + place, found);
            } else {  // nothing of it was pooled
              std::fill_n(found.tap, length, Tap<T>(0));
              std::fill_n(found.gradient, length, T(0));
            }
            const std::int64_t channels = pooled_gradient.g.channels;
            for_each_tap(
                pooled_gradient.g, n, window, [&](std::int64_t tap, std::int64_t pixel) HWY_ATTR {
                  const S* const in = pooled_gradient.x + pixel * channels + begin;
                  S* const out = result + pixel * channels + begin;
#pragma omp simd
                  for (std::int64_t j = 0; j < length; ++j) {
                    const T gradient = found.tap[j] == Tap<T>(tap) ? found.gradient[j] : T(0);
                    const T centred = load(in[j]) - m[j];
                    out[j] = store<S>(s[j] * (gradient - gm[j] - centred * inv[j] * pm[j]));
                  }
                });
          });
    });
  });
}

NormPoolOps make_norm_pool_ops() {
  return {.normalize = normalize_pool, .backward = backward_pool};
}

}  // namespace voxgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu {

HWY_EXPORT(make_norm_pool_ops);
const NormPoolOps& norm_pool_ops() {
  simd::limit_kernels();  // as this may be called before this file's static objects are made
  static const NormPoolOps ops = HWY_DYNAMIC_DISPATCH(make_norm_pool_ops)();
  return ops;
}

}  // namespace voxgrad::cpu
#endif
