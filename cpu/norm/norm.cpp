// Batch normalisation with groups, activation included. Statistics are those of blocks that fit the
// cache, put together in f64. The backward pass computes the activation again from x instead of
// reading y.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/norm/norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "cpu/kernels.h"
#include "cpu/norm/coefficients.h"
#include "simd/simd.h"
#include "tensor/ops/convert_ops.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::HWY_NAMESPACE {
namespace {

constexpr std::int64_t kTile = 16;  // channels
constexpr std::int64_t kSampled = 8;
constexpr int kAtOnce = 4;  // rows between which sums stay in registers

/// Adds the first `count` columns of some rows, shifted by the means, one row after the other.
template <int rows, class Number, class S, class T>
void add_rows(const S* x, std::int64_t width, std::int64_t count, const T* mean, Number* sums,
              Number* squares) {
#pragma omp simd
  for (std::int64_t j = 0; j < count; ++j) {
    const Number shift = Number(mean[j]);
    Number sum = sums[j], square = squares[j];
    for (int row = 0; row < rows; ++row) {
      const Number centred = Number(load(x[row * width + j])) - shift;
      sum += centred;
      square += centred * centred;
    }
    sums[j] = sum;
    squares[j] = square;
  }
}

/// Mean and variance of each column of a block, from sums shifted by the mean of its first rows. A
/// single one could be an outlier that leaves no digits to the others; of eight rows out of at most
/// 127, an outlier moves the shift by hardly more than the deviation that it causes. mean,
/// variance: a wide row each; sums: scratch for two. Number: what is added up in.
template <class Number, class S, class T>
void block_statistics(const S* x, std::int64_t length, std::int64_t width, T* mean, T* variance,
                      Number* sums) {
  Number* const squares = sums + width;
  const std::int64_t columns = std::min(width, length), tail = length % width;
  const Number rows = Number(length / width);  // one more before `tail`: the last row may be short
  std::fill_n(sums, columns, Number(0));
  for (std::int64_t row = 0; row < std::min(length, kSampled * width); row += width) {
    const std::int64_t count = std::min(width, length - row);
#pragma omp simd
    for (std::int64_t j = 0; j < count; ++j) sums[j] += Number(load(x[row + j]));
  }
#pragma omp simd
  for (std::int64_t j = 0; j < columns; ++j) {
    const Number n = j < tail ? rows + 1 : rows;
    mean[j] = T(sums[j] / (n > Number(kSampled) ? Number(kSampled) : n));
  }
  std::fill_n(sums, 2 * width, Number(0));
  std::int64_t row = 0;
  for (; row + kAtOnce * width <= length; row += kAtOnce * width)
    add_rows<kAtOnce>(x + row, width, width, mean, sums, squares);
  for (; row < length; row += width)
    add_rows<1>(x + row, width, std::min(width, length - row), mean, sums, squares);
  // Where all elements are equal but the shift was rounded, this is what rounding leaves.
  constexpr Number noise =
      Number(1e-4) * std::numeric_limits<T>::epsilon() * std::numeric_limits<T>::epsilon();
#pragma omp simd
  for (std::int64_t j = 0; j < columns; ++j) {
    const Number n = j < tail ? rows + 1 : rows;
    const Number offset = sums[j] / n, value = squares[j] / n - offset * offset;
    const Number centre = Number(mean[j]) + offset;
    const Number least = noise * centre * centre;
    mean[j] = T(centre);
    variance[j] = T(value <= least ? Number(0) : value);
  }
}

template <class T>
bool all_finite(const T* values, std::int64_t n) {
  T probe = 0;
#pragma omp simd reduction(+ : probe)
  for (std::int64_t i = 0; i < n; ++i) probe += values[i] * T(0);
  return probe == T(0);
}

/// [blocks, 2, width]: mean and variance of each block's columns.
template <class S>
Tensor statistics_of_blocks(const RowBlocks& blocks, const S* x) {
  using T = Compute<S>;
  const std::int64_t width = blocks.width;
  const Tensor result({blocks.groups * blocks.blocks_per_group, 2, width}, dtype_of<T>);
  T* const values = result.data<T>();
  blocks.for_each_block(
      [=](std::int64_t, std::int64_t block, std::int64_t begin, std::int64_t end) HWY_ATTR {
        T* const mean = values + 2 * block * width;
        T* const variance = mean + width;
        const std::int64_t length = end - begin, columns = std::min(width, length);
        thread_local std::vector<T> sums;
        sums.resize(std::size_t(2 * width));
        block_statistics(x + begin, length, width, mean, variance, sums.data());
        if (all_finite(mean, columns) && all_finite(variance, columns)) return;
        std::vector<double> wide(std::size_t(2 * width));  // squares overflowed, or there is a NaN
        block_statistics(x + begin, length, width, mean, variance, wide.data());
      });
  return result;
}

/// The statistics of `count` channels from those of blocks with n elements each (Chan, Golub and
/// LeVeque, 1979):
///   mean = sum n mean_i / sum n,  variance = sum n (variance_i + (mean_i - mean)^2) / sum n.
/// parts: statistics_of_blocks, from the group's first block and first of these channels on.
template <class T>
void join_blocks(const RowBlocks& blocks, const T* parts, std::int64_t count, T* mean,
                 T* variance) {
  const std::int64_t width = blocks.width, channels = blocks.channels;
  // body(part, n): every column of these channels.
  const auto for_each_part = [&](auto body) HWY_ATTR {
    for (std::int64_t block = 0; block < blocks.blocks_per_group; ++block) {
      const std::int64_t length =
          std::min(blocks.block_size, blocks.group_size - block * blocks.block_size);
      for (std::int64_t column = 0; column < std::min(width, length); column += channels)
        body(parts + 2 * block * width + column, double((length - column + width - 1) / width));
    }
  };
  const double rows = double(blocks.group_size / channels);
  double sum[kTile] = {}, spread[kTile] = {}, centre[kTile];
  for_each_part([&](const T* part, double n) HWY_ATTR {
#pragma omp simd
    for (std::int64_t c = 0; c < count; ++c) sum[c] += n * (double(part[c]) - double(parts[c]));
  });
  for (std::int64_t c = 0; c < count; ++c) centre[c] = double(parts[c]) + sum[c] / rows;
  for_each_part([&](const T* part, double n) HWY_ATTR {
#pragma omp simd
    for (std::int64_t c = 0; c < count; ++c) {
      const double offset = double(part[c]) - centre[c];
      spread[c] += n * (double(part[width + c]) + offset * offset);
    }
  });
  for (std::int64_t c = 0; c < count; ++c) {
    mean[c] = T(centre[c]);
    variance[c] = T(spread[c] / rows);
  }
}

void statistics(const Tensor& x, const Tensor& mean, const Tensor& variance) {
  dispatch_floating("batch_norm", x.dtype(), [&]<class S>() {
    using T = Compute<S>;
    const RowBlocks blocks = blocks_of(x, mean);
    const std::int64_t channels = blocks.channels, tiles = (channels + kTile - 1) / kTile;
    const std::int64_t group_parts = blocks.blocks_per_group * 2 * blocks.width;
    const Tensor parts = statistics_of_blocks(blocks, x.data<S>());
    for_each_task(blocks.groups * tiles, group_parts / tiles, [&](std::int64_t task) {
      const std::int64_t group = task / tiles, first = task % tiles * kTile;
      const std::int64_t at = group * channels + first;
      join_blocks(blocks, parts.data<T>() + group * group_parts + first,
                  std::min(kTile, channels - first), mean.data<T>() + at, variance.data<T>() + at);
    });
  });
}

void normalize(const Tensor& x, const Tensor& mean, const Tensor& variance,
               const BatchNormParameters& parameters, const Tensor& y) {
  dispatch_floating("batch_norm", x.dtype(), [&]<class S>() {
    using T = Compute<S>;
    const RowBlocks blocks = blocks_of(x, mean);
    const Coefficients<T> coefficients(blocks, mean, variance, parameters);
    const S* const in = x.data<S>();
    S* const out = y.data<S>();
    const T* const means = coefficients.mean.template data<T>();
    const T* const scales = coefficients.scale.template data<T>();
    const T* const betas = coefficients.beta.template data<T>();
    dispatch_activation(parameters.activation.kind, [&]<ActivationKind kind>() {
      const Activate<kind, T> activate{T(parameters.activation.alpha)};
      blocks.for_each_block([=, width = blocks.width](std::int64_t group, std::int64_t,
                                                      std::int64_t begin,
                                                      std::int64_t end) HWY_ATTR {
        const T* m = means + group * width;
        const T* s = scales + group * width;
        const T* b = betas + group * width;
        const auto activation = activate;  // its coefficients in registers
        for (std::int64_t row = begin; row < end; row += width) {
          const std::int64_t length = std::min(width, end - row);
#pragma omp simd
          for (std::int64_t j = 0; j < length; ++j)
            out[row + j] = store<S>(activation((load(in[row + j]) - m[j]) * s[j] + b[j]));
        }
      });
    });
  });
}

void update_running(const Tensor& mean, const Tensor& variance, const Tensor& shift,
                    std::int64_t rows_per_group, double momentum, const Tensor& running_mean,
                    const Tensor& running_var) {
  dispatch_float("batch_norm", mean.dtype(), [&]<class T>() {
    const std::int64_t groups = mean.shape()[0];
    const std::int64_t channels = mean.shape()[1];
    const double unbias =
        rows_per_group > 1 ? double(rows_per_group) / double(rows_per_group - 1) : 1.0;
    const auto update = [momentum](T& running, double batch) {
      running = T((1.0 - momentum) * double(running) + momentum * batch);
    };
    for (std::int64_t g = 0; g < groups; ++g) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const double lacking = shift.defined() ? double(shift.data<T>()[c]) : 0.0;
        update(running_mean.data<T>()[c], double(mean.data<T>()[g * channels + c]) + lacking);
        update(running_var.data<T>()[c], unbias * double(variance.data<T>()[g * channels + c]));
      }
    }
  });
}

// dx = scale * (g - mean(g) - xhat * mean(g xhat)) when the statistics depend on x, the means being
// over the group's rows; dx = scale * g when they are constants. g is the gradient at the norm.
void backward(bool constant, const Tensor& x, const Tensor& dy, const Tensor& mean,
              const Tensor& variance, const BatchNormParameters& parameters, const Tensor& dx,
              const Tensor& dgamma, const Tensor& dbeta) {
  dispatch_floating("batch_norm_backward", x.dtype(), [&]<class S>() {
    using T = Compute<S>;
    dispatch_activation(parameters.activation.kind, [&]<ActivationKind kind>() {
      const RowBlocks blocks = blocks_of(x, mean);
      const std::int64_t width = blocks.width;
      const Coefficients<T> coefficients(blocks, mean, variance, parameters);
      const T alpha = T(parameters.activation.alpha);
      const GradientAtNorm<kind, T> gradient{{alpha}, {alpha}};
      const S* const in = x.data<S>();
      const S* const out_gradient = dy.data<S>();
      const T* const means = coefficients.mean.template data<T>();
      const T* const inverses = coefficients.inverse.template data<T>();
      const T* const scales = coefficients.scale.template data<T>();
      const T* const betas = coefficients.beta.template data<T>();

      Tensor sums;  // [G,2,C]: sum of g, sum of g xhat
      if (!constant || dgamma.defined()) {
        sums = blocks.sum_rows<2, T>(
            [=](std::int64_t group, std::int64_t begin, std::int64_t end, T* sum) HWY_ATTR {
              const T* m = means + group * width;
              const T* s = scales + group * width;
              const T* b = betas + group * width;
              const T* inv = inverses + group * width;
              T* product = sum + width;
              const auto gradient_at = gradient;  // its coefficients in registers
              for (std::int64_t row = begin; row < end; row += width) {
                const std::int64_t length = std::min(width, end - row);
#pragma omp simd
                for (std::int64_t j = 0; j < length; ++j) {
                  const T centred = load(in[row + j]) - m[j];
                  const T g = gradient_at(centred, s[j], b[j], load(out_gradient[row + j]));
                  sum[j] += g;
                  product[j] += g * (centred * inv[j]);
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
      blocks.for_each_block(
          [=](std::int64_t group, std::int64_t, std::int64_t begin, std::int64_t end) HWY_ATTR {
            const T* m = means + group * width;
            const T* s = scales + group * width;
            const T* b = betas + group * width;
            const T* inv = inverses + group * width;
            const T* gm = gradient_means + group * width;
            const T* pm = product_means + group * width;
            const auto gradient_at = gradient;
            for (std::int64_t row = begin; row < end; row += width) {
              const std::int64_t length = std::min(width, end - row);
#pragma omp simd
              for (std::int64_t j = 0; j < length; ++j) {
                const T centred = load(in[row + j]) - m[j];
                const T g = gradient_at(centred, s[j], b[j], load(out_gradient[row + j]));
                result[row + j] = store<S>(s[j] * (g - gm[j] - centred * inv[j] * pm[j]));
              }
            }
          });
    });
  });
}

}  // namespace

NormOps make_norm_ops() {
  return {.statistics = statistics,
          .normalize = normalize,
          .update_running = update_running,
          .backward = backward};
}

}  // namespace voxgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu {

HWY_EXPORT(make_norm_ops);
const NormOps& norm_ops() {
  simd::limit_kernels();  // as this may be called before this file's static objects are made
  static const NormOps ops = HWY_DYNAMIC_DISPATCH(make_norm_ops)();
  return ops;
}

}  // namespace voxgrad::cpu
#endif
