// Batch normalisation as it is defined, in plain kernels: what the other kernels are tested
// against, and what to read first. Formulas and arguments: tensor/ops/norm_ops.h. All tensors are
// f64, and all outputs wanted. A thread computes one element, or one channel.
#include "cuda/activate.h"
#include "cuda/kernels.h"
#include "cuda/runtime/launch.cuh"

namespace voxgrad::cuda {
namespace {

struct Norm {
  std::int64_t groups, rows, channels;  // rows per group
  const double *x, *mean, *variance, *gamma, *beta;
  double eps;
  Activation activation;

  __device__ double inverse(std::int64_t s) const { return 1 / sqrt(variance[s] + eps); }
  __device__ double xhat(std::int64_t i) const {
    const std::int64_t s = i / (rows * channels) * channels + i % channels;
    return (x[i] - mean[s]) * inverse(s);
  }
  /// What the activation is given.
  __device__ double z(std::int64_t i) const {
    return xhat(i) * gamma[i % channels] + beta[i % channels];
  }
};

Norm norm_of(const Tensor& x, const Tensor& mean, const Tensor& variance,
             const BatchNormParameters& p) {
  return {mean.shape()[0],
          x.numel() / mean.numel(),
          x.shape()[-1],
          x.data<double>(),
          mean.data<double>(),
          variance.data<double>(),
          p.gamma.data<double>(),
          p.beta.data<double>(),
          p.eps,
          p.activation};
}

/// A thread per statistic, of [G,C].
__global__ void statistics(std::int64_t count, std::int64_t rows, std::int64_t channels,
                           const double* x, double* mean, double* variance) {
  for (std::int64_t s = thread_index(); s < count; s += thread_count()) {
    const double* column = x + s / channels * rows * channels + s % channels;
    mean[s] = variance[s] = 0;
    for (std::int64_t r = 0; r < rows; ++r) mean[s] += column[r * channels] / double(rows);
    for (std::int64_t r = 0; r < rows; ++r) {
      const double distance = column[r * channels] - mean[s];
      variance[s] += distance * distance / double(rows);
    }
  }
}

__global__ void normalize(Norm norm, double* y) {
  const std::int64_t size = norm.groups * norm.rows * norm.channels;
  for (std::int64_t i = thread_index(); i < size; i += thread_count())
    y[i] = activate(norm.activation, norm.z(i));
}

/// A thread per channel.
__global__ void backward(Norm norm, bool constant, const double* dy, double* dx, double* dgamma,
                         double* dbeta) {
  for (std::int64_t c = thread_index(); c < norm.channels; c += thread_count()) {
    const auto dz = [&](std::int64_t i) {  // the gradient before the activation
      return dy[i] * activation_derivative(norm.activation, norm.z(i));
    };
    dgamma[c] = dbeta[c] = 0;
    for (std::int64_t g = 0; g < norm.groups; ++g) {
      const std::int64_t size = norm.rows * norm.channels, first = g * size + c;
      double sum = 0, product = 0;
      for (std::int64_t i = first; i < (g + 1) * size; i += norm.channels) {
        sum += dz(i);
        product += dz(i) * norm.xhat(i);
      }
      dbeta[c] += sum;
      dgamma[c] += product;
      // Statistics that depend on x take from the gradient its mean, and what is along xhat.
      for (std::int64_t i = first; i < (g + 1) * size; i += norm.channels) {
        const double taken = constant ? 0.0 : (sum + norm.xhat(i) * product) / double(norm.rows);
        dx[i] = norm.gamma[c] * norm.inverse(g * norm.channels + c) * (dz(i) - taken);
      }
    }
  }
}

}  // namespace

const NormOps norm_reference{
    [](const Tensor& x, const Tensor& out_mean, const Tensor& out_variance) {
      const std::int64_t count = out_mean.numel();
      launch(statistics, blocks_for(count), kThreads, 0, count, x.numel() / count, x.shape()[-1],
             x.data<double>(), out_mean.data<double>(), out_variance.data<double>());
    },
    [](const Tensor& x, const Tensor& mean, const Tensor& variance,
       const BatchNormParameters& parameters, const Tensor& out_y) {
      launch(normalize, blocks_for(x.numel()), kThreads, 0, norm_of(x, mean, variance, parameters),
             out_y.data<double>());
    },
    nullptr,
    [](bool constant, const Tensor& x, const Tensor& dy, const Tensor& mean, const Tensor& variance,
       const BatchNormParameters& parameters, const Tensor& out_dx, const Tensor& out_dgamma,
       const Tensor& out_dbeta) {
      const Norm norm = norm_of(x, mean, variance, parameters);
      launch(backward, blocks_for(norm.channels), kThreads, 0, norm, constant, dy.data<double>(),
             out_dx.data<double>(), out_dgamma.data<double>(), out_dbeta.data<double>());
    }};

}  // namespace voxgrad::cuda
