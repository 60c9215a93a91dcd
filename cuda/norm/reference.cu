// All tensors go through f64 copies. A thread computes one element, or one channel.
#include "cuda/activate.h"
#include "cuda/norm/reference.h"
#include "cuda/runtime/launch.cuh"

namespace voxgrad::cuda::reference {
namespace {

struct Norm {
  std::int64_t groups, rows, channels;  // rows per group
  const double *x, *mean, *variance, *gamma, *beta;
  double eps;
  Activation activation;

  /// The place in x of a group's row and channel.
  __device__ std::int64_t place(std::int64_t g, std::int64_t r, std::int64_t c) const {
    return (g * rows + r) * channels + c;
  }
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
      double sum = 0, product = 0;
      for (std::int64_t r = 0; r < norm.rows; ++r) {
        const std::int64_t i = norm.place(g, r, c);
        sum += dz(i);
        product += dz(i) * norm.xhat(i);
      }
      dbeta[c] += sum;
      dgamma[c] += product;
      // Statistics that depend on x take from the gradient its mean, and what is along xhat.
      for (std::int64_t r = 0; r < norm.rows; ++r) {
        const std::int64_t i = norm.place(g, r, c);
        const double taken = constant ? 0.0 : (sum + norm.xhat(i) * product) / double(norm.rows);
        dx[i] = norm.gamma[c] * norm.inverse(g * norm.channels + c) * (dz(i) - taken);
      }
    }
  }
}

Tensor f64(const Tensor& tensor) {
  return tensor.to(DType::f64);
}

void store(const Tensor& values, const Tensor& out) {
  if (out.defined()) out.copy_from(values.to(out.dtype()));
}

/// run(norm) on f64 copies of the operands.
template <class Run>
void with_norm(const Tensor& x, const Tensor& mean, const Tensor& variance,
               const BatchNormParameters& p, const Run& run) {
  const Tensor xs = f64(x), m = f64(mean), v = f64(variance), gamma = f64(p.gamma),
               beta = f64(p.beta);
  run(Norm{mean.shape()[0], x.numel() / mean.numel(), x.shape()[-1], xs.data<double>(),
           m.data<double>(), v.data<double>(), gamma.data<double>(), beta.data<double>(), p.eps,
           p.activation});
}

}  // namespace

void batch_statistics(const Tensor& x, const Tensor& out_mean, const Tensor& out_variance) {
  const Tensor xs = f64(x), mean(out_mean.shape(), DType::f64, x.device());
  const Tensor variance = Tensor::like(mean);
  launch(statistics, blocks_for(mean.numel()), kThreads, 0, mean.numel(), x.numel() / mean.numel(),
         x.shape()[-1], xs.data<double>(), mean.data<double>(), variance.data<double>());
  store(mean, out_mean);
  store(variance, out_variance);
}

void batch_norm(const Tensor& x, const Tensor& mean, const Tensor& variance,
                const BatchNormParameters& parameters, const Tensor& out_y) {
  const Tensor y(x.shape(), DType::f64, x.device());
  with_norm(x, mean, variance, parameters, [&](const Norm& norm) {
    launch(normalize, blocks_for(x.numel()), kThreads, 0, norm, y.data<double>());
  });
  store(y, out_y);
}

void batch_norm_backward(bool constant, const Tensor& x, const Tensor& dy, const Tensor& mean,
                         const Tensor& variance, const BatchNormParameters& parameters,
                         const Tensor& out_dx, const Tensor& out_dgamma, const Tensor& out_dbeta) {
  const Tensor dys = f64(dy), dx = Tensor::like(dys);
  const Tensor dgamma(parameters.gamma.shape(), DType::f64, x.device());
  const Tensor dbeta = Tensor::like(dgamma);
  with_norm(x, mean, variance, parameters, [&](const Norm& norm) {
    launch(backward, blocks_for(norm.channels), kThreads, 0, norm, constant, dys.data<double>(),
           dx.data<double>(), dgamma.data<double>(), dbeta.data<double>());
  });
  store(dx, out_dx);
  store(dgamma, out_dgamma);
  store(dbeta, out_dbeta);
}

}  // namespace voxgrad::cuda::reference
