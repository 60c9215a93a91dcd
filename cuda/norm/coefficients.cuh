// What the kernels of batch norm share, followed by pooling (norm_pool.cu) and without
// (norm.cu).
#pragma once

#include "cuda/rows.cuh"
#include "tensor/ops/norm_ops.h"

namespace voxgrad::cuda {

/// What turns x into y and into its gradient:
///   xhat = (x - mean) * inverse,  y = act((x - mean) * scale + beta),  scale = gamma * inverse.
template <class C>
struct Coefficients {
  const C* mean;
  const C* variance;
  const C* gamma;
  const C* beta;
  std::int64_t channels;
  double eps;
  C alpha;

  Coefficients(const Tensor& means, const Tensor& variances, const BatchNormParameters& parameters)
      : mean(means.data<C>()),
        variance(variances.data<C>()),
        gamma(parameters.gamma.data<C>()),
        beta(parameters.beta.data<C>()),
        channels(means.shape()[-1]),
        eps(parameters.eps),
        alpha(C(parameters.activation.alpha)) {}
};

template <int V, class C>
struct ChannelState {
  C mean[V], inverse[V], scale[V], beta[V];

  __device__ ChannelState(const Coefficients<C>& c, std::int64_t group, std::int64_t channel) {
    for (int j = 0; j < V; ++j) {
      const std::int64_t at = group * c.channels + channel + j;
      const double deviation = 1.0 / std::sqrt(double(c.variance[at]) + c.eps);
      mean[j] = c.mean[at];
      inverse[j] = C(deviation);
      scale[j] = C(deviation * double(c.gamma[channel + j]));
      beta[j] = c.beta[channel + j];
    }
  }
};

/// The gradient that reaches z, where y = act(z): dy * act'(z), with z computed again from x.
template <ActivationKind kind, class C>
__device__ C gradient_at_norm(C alpha, C centred, C scale, C beta, C dy) {
  const functors::Activate<kind, C> activate{alpha};
  const functors::ActivationDerivative<kind, C> slope{alpha};
  return dy * functors::slope_at<kind>(activate, slope, centred * scale + beta);
}

/// means: f64 [G,2,C], over the rows. dgamma and dbeta may be null.
template <class C>
struct GradientFinish {
  std::int64_t channels;
  double rows;
  double* means;
  C* dgamma;
  C* dbeta;
  double sums[2] = {0, 0};

  __device__ void group(std::int64_t group, std::int64_t channel, const double (&total)[2]) {
    for (int k = 0; k < 2; ++k) {
      sums[k] += total[k];
      means[(group * 2 + k) * channels + channel] = total[k] / rows;
    }
  }
  __device__ void end(std::int64_t channel) const {
    if (dbeta == nullptr) return;
    dbeta[channel] = C(sums[0]);
    dgamma[channel] = C(sums[1]);
  }
};

/// A thread's channels in the second pass backward. means: GradientFinish's; null where the
/// statistics are constants.
template <int V, class C>
struct GradientState : ChannelState<V, C> {
  C gradient[V], product[V];

  __device__ GradientState(const Coefficients<C>& c, const double* means, std::int64_t group,
                           std::int64_t channel)
      : ChannelState<V, C>(c, group, channel), gradient{}, product{} {
    if (means == nullptr) return;
    for (int j = 0; j < V; ++j) {
      const std::int64_t at = group * 2 * c.channels + channel + j;
      gradient[j] = C(means[at]);
      product[j] = C(means[at + c.channels]);
    }
  }
  /// dx = scale * (g - mean(g) - xhat * mean(g xhat)), g being the gradient at the norm; scale * g
  /// where the statistics are constants.
  __device__ C input_gradient(int j, C centred, C g) const {
    return this->scale[j] * (g - gradient[j] - centred * this->inverse[j] * product[j]);
  }
};

}  // namespace voxgrad::cuda
