// What the kernels of batch norm share, followed by pooling (norm_pool.cpp) and without
// (norm.cpp).
#pragma once

#include <cmath>

#include "cpu/row_blocks.h"
#include "cpu/vector_math.h"
#include "tensor/ops/norm_ops.h"

namespace voxgrad::cpu {

inline RowBlocks blocks_of(const Tensor& map, const Tensor& mean) {
  const std::int64_t groups = mean.shape()[0];
  return {groups, map.shape().rows() / groups, map.shape()[-1]};
}

/// What turns x into y and into its gradient, one wide row per group:
///   xhat = (x - mean) * inverse,  y = act((x - mean) * scale + beta),  scale = gamma * inverse.
template <class T>
struct Coefficients {
  Tensor mean, inverse, scale, beta;

  Coefficients(const RowBlocks& blocks, const Tensor& means, const Tensor& variances,
               const BatchNormParameters& parameters) {
    const std::int64_t channels = blocks.channels;
    const auto inverse_deviation = [&](std::int64_t g, std::int64_t c) {
      return 1.0 / std::sqrt(double(variances.data<T>()[g * channels + c]) + parameters.eps);
    };
    mean = blocks.repeat<T>(
        [&](std::int64_t g, std::int64_t c) { return means.data<T>()[g * channels + c]; });
    inverse = blocks.repeat<T>(inverse_deviation);
    scale = blocks.repeat<T>([&](std::int64_t g, std::int64_t c) {
      return inverse_deviation(g, c) * double(parameters.gamma.data<T>()[c]);
    });
    beta = blocks.repeat<T>(
        [&](std::int64_t, std::int64_t c) { return parameters.beta.data<T>()[c]; });
  }
};

/// The gradient that reaches z, where y = act(z): dy * act'(z), with z computed again from x.
template <ActivationKind kind, class T>
struct GradientAtNorm {
  Activate<kind, T> activate;
  ActivationDerivative<kind, T> slope;
  T operator()(T centred, T scale, T beta, T dy) const {
    return dy * functors::slope_at<kind>(activate, slope, centred * scale + beta);
  }
};

/// The sums of a backward pass over a group's rows, f64 [G,2,C]: of g, the gradient at the norm,
/// and of g xhat; added up over the groups.
template <class T>
void store_parameter_gradients(const Tensor& sums, const Tensor& dgamma, const Tensor& dbeta) {
  const std::int64_t groups = sums.shape()[0], channels = sums.shape()[2];
  const double* const total = sums.data<double>();
  for (std::int64_t c = 0; c < channels; ++c) {
    double gamma_sum = 0, beta_sum = 0;
    for (std::int64_t g = 0; g < groups; ++g) {
      beta_sum += total[2 * g * channels + c];
      gamma_sum += total[(2 * g + 1) * channels + c];
    }
    dbeta.data<T>()[c] = T(beta_sum);
    dgamma.data<T>()[c] = T(gamma_sum);
  }
}

/// The means of those sums over the rows, one wide row per group; 0 without sums, where the
/// statistics are constants.
template <class T>
struct MeanGradients {
  Tensor gradient, product;

  MeanGradients(const RowBlocks& blocks, const Tensor& sums) {
    const double rows = double(blocks.group_size / blocks.channels);
    const auto mean = [&](int which) {
      return blocks.repeat<T>([&](std::int64_t g, std::int64_t c) {
        return sums.defined() ? sums.data<double>()[(2 * g + which) * blocks.channels + c] / rows
                              : 0.0;
      });
    };
    gradient = mean(0);
    product = mean(1);
  }
};

}  // namespace voxgrad::cpu
