// Batch normalisation with groups, activation included. Sums (RowBlocks::sum_rows) are shifted by
// the group's first row, so that one pass gives a sound variance; the backward pass computes the
// activation again from x instead of reading y.
#include <algorithm>

#include "cpu/kernels.h"
#include "cpu/norm/coefficients.h"
#include "tensor/ops/convert_ops.h"

namespace voxgrad::cpu {
namespace {

void statistics(const Tensor& x, const Tensor& mean, const Tensor& variance) {
  dispatch_floating("batch_norm", x.dtype(), [&]<class S>() {
    using T = Compute<S>;
    const RowBlocks blocks = blocks_of(x, mean);
    const S* const in = x.data<S>();
    const auto first_row = [&](std::int64_t group, std::int64_t channel) {
      return load(in[group * blocks.group_size + channel]);
    };
    const Tensor shifts = blocks.repeat<T>(first_row);
    const T* const shift_rows = shifts.data<T>();
    const std::int64_t width = blocks.width;
    const Tensor sums = blocks.sum_rows<2, T>(
        [=](std::int64_t group, std::int64_t begin, std::int64_t length, T* sum) {
          const S* row = in + begin;
          const T* shift = shift_rows + group * width;
          T* square = sum + width;
#pragma omp simd
          for (std::int64_t j = 0; j < length; ++j) {
            const T shifted = load(row[j]) - shift[j];
            sum[j] += shifted;
            square[j] += shifted * shifted;
          }
        });
    const double rows = double(blocks.group_size / blocks.channels);
    const double* total = sums.data<double>();
    for (std::int64_t g = 0; g < blocks.groups; ++g, total += 2 * blocks.channels) {
      for (std::int64_t c = 0; c < blocks.channels; ++c) {
        const double offset = total[c] / rows;
        const double spread = total[blocks.channels + c] / rows - offset * offset;
        mean.data<T>()[g * blocks.channels + c] = T(double(first_row(g, c)) + offset);
        variance.data<T>()[g * blocks.channels + c] = T(std::max(spread, 0.0));
      }
    }
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
      blocks.for_each_wide_row(
          [=, width = blocks.width](std::int64_t group, std::int64_t begin, std::int64_t length) {
            const T* m = means + group * width;
            const T* s = scales + group * width;
            const T* b = betas + group * width;
#pragma omp simd
            for (std::int64_t j = 0; j < length; ++j)
              out[begin + j] = store<S>(activate((load(in[begin + j]) - m[j]) * s[j] + b[j]));
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
void backward_with(bool constant, const Tensor& x, const Tensor& dy, const Tensor& mean,
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
            [=](std::int64_t group, std::int64_t begin, std::int64_t length, T* sum) {
              const T* m = means + group * width;
              const T* s = scales + group * width;
              const T* b = betas + group * width;
              const T* inv = inverses + group * width;
              T* product = sum + width;
              const auto gradient_at = gradient;  // its coefficients in registers
#pragma omp simd
              for (std::int64_t j = 0; j < length; ++j) {
                const T centred = load(in[begin + j]) - m[j];
                const T g = gradient_at(centred, s[j], b[j], load(out_gradient[begin + j]));
                sum[j] += g;
                product[j] += g * (centred * inv[j]);
              }
            });
      }
      if (dgamma.defined()) store_parameter_gradients<T>(sums, dgamma, dbeta);
      if (!dx.defined()) return;

      const MeanGradients<T> gradients(blocks, constant ? Tensor() : sums);
      const T* const gradient_means = gradients.gradient.template data<T>();
      const T* const product_means = gradients.product.template data<T>();
      S* const result = dx.data<S>();
      blocks.for_each_wide_row([=](std::int64_t group, std::int64_t begin, std::int64_t length) {
        const T* m = means + group * width;
        const T* s = scales + group * width;
        const T* b = betas + group * width;
        const T* inv = inverses + group * width;
        const T* gm = gradient_means + group * width;
        const T* pm = product_means + group * width;
        const auto gradient_at = gradient;
#pragma omp simd
        for (std::int64_t j = 0; j < length; ++j) {
          const T centred = load(in[begin + j]) - m[j];
          const T g = gradient_at(centred, s[j], b[j], load(out_gradient[begin + j]));
          result[begin + j] = store<S>(s[j] * (g - gm[j] - centred * inv[j] * pm[j]));
        }
      });
    });
  });
}

void backward(const Tensor& x, const Tensor& dy, const Tensor& mean, const Tensor& variance,
              const BatchNormParameters& parameters, const Tensor& dx, const Tensor& dgamma,
              const Tensor& dbeta) {
  backward_with(false, x, dy, mean, variance, parameters, dx, dgamma, dbeta);
}

void backward_constant(const Tensor& x, const Tensor& dy, const Tensor& mean,
                       const Tensor& variance, const BatchNormParameters& parameters,
                       const Tensor& dx, const Tensor& dgamma, const Tensor& dbeta) {
  backward_with(true, x, dy, mean, variance, parameters, dx, dgamma, dbeta);
}

}  // namespace

const NormOps norm_ops{statistics,        normalize,      update_running, backward,
                       backward_constant, normalize_pool, backward_pool};

}  // namespace voxgrad::cpu
