// Batch normalisation as it is defined, in plain loops: what the other kernels are tested against,
// and what to read first. Formulas and arguments: tensor/ops/norm_ops.h. All tensors are f64,
// and all outputs wanted.
#include <cmath>

#include "cpu/kernels.h"

namespace voxgrad::cpu {
namespace {

/// visit(s, c, place) for every channel c of every group; s is its place in the statistics [G,C],
/// place(r) that of row r of the group in x.
template <class Visit>
void for_each_channel(const Tensor& x, const Tensor& mean, const Visit& visit) {
  const std::int64_t channels = x.shape()[-1], rows = x.numel() / mean.numel();
  for (std::int64_t s = 0; s < mean.numel(); ++s)
    visit(s, s % channels,
          [=](std::int64_t r) { return (s / channels * rows + r) * channels + s % channels; });
}

void batch_statistics(const Tensor& x, const Tensor& out_mean, const Tensor& out_variance) {
  const std::int64_t rows = x.numel() / out_mean.numel();
  const double* const in = x.data<double>();
  for_each_channel(x, out_mean, [&](auto s, auto, auto place) {
    double &mean = out_mean.data<double>()[s], &variance = out_variance.data<double>()[s];
    mean = variance = 0;
    for (std::int64_t r = 0; r < rows; ++r) mean += in[place(r)] / double(rows);
    for (std::int64_t r = 0; r < rows; ++r)
      variance += (in[place(r)] - mean) * (in[place(r)] - mean) / double(rows);
  });
}

void batch_norm(const Tensor& x, const Tensor& mean, const Tensor& variance,
                const BatchNormParameters& parameters, const Tensor& out_y) {
  const std::int64_t rows = x.numel() / mean.numel();
  const double *const in = x.data<double>(), *const gammas = parameters.gamma.data<double>(),
                      *const betas = parameters.beta.data<double>();
  double* const y = out_y.data<double>();
  dispatch_activation(parameters.activation.kind, [&]<ActivationKind kind>() {
    const functors::Activate<kind, double> act{parameters.activation.alpha};
    for_each_channel(x, mean, [&](auto s, auto c, auto place) {
      const double m = mean.data<double>()[s];
      const double inverse = 1 / std::sqrt(variance.data<double>()[s] + parameters.eps);
      for (std::int64_t r = 0; r < rows; ++r)
        y[place(r)] = act((in[place(r)] - m) * inverse * gammas[c] + betas[c]);
    });
  });
}

void batch_norm_backward(bool constant, const Tensor& x, const Tensor& dy, const Tensor& mean,
                         const Tensor& variance, const BatchNormParameters& parameters,
                         const Tensor& out_dx, const Tensor& out_dgamma, const Tensor& out_dbeta) {
  const std::int64_t rows = x.numel() / mean.numel();
  const double *const in = x.data<double>(), *const gradient = dy.data<double>();
  double* const dx = out_dx.data<double>();
  out_dgamma.fill(0);
  out_dbeta.fill(0);
  dispatch_activation(parameters.activation.kind, [&]<ActivationKind kind>() {
    const functors::Activate<kind, double> act{parameters.activation.alpha};
    const functors::ActivationDerivative<kind, double> derivative{parameters.activation.alpha};
    for_each_channel(x, mean, [&](auto s, auto c, auto place) {
      const double m = mean.data<double>()[s], gamma = parameters.gamma.data<double>()[c];
      const double inverse = 1 / std::sqrt(variance.data<double>()[s] + parameters.eps);
      const auto xhat = [&](auto r) { return (in[place(r)] - m) * inverse; };
      const auto dz = [&](auto r) {  // the gradient before the activation
        const double z = xhat(r) * gamma + parameters.beta.data<double>()[c];
        return gradient[place(r)] * functors::slope_at<kind>(act, derivative, z);
      };
      double sum = 0, product = 0;
      for (std::int64_t r = 0; r < rows; ++r) {
        sum += dz(r);
        product += dz(r) * xhat(r);
      }
      out_dbeta.data<double>()[c] += sum;
      out_dgamma.data<double>()[c] += product;
      // Statistics that depend on x take from the gradient its mean, and what is along xhat.
      for (std::int64_t r = 0; r < rows; ++r) {
        const double taken = constant ? 0 : (sum + xhat(r) * product) / double(rows);
        dx[place(r)] = gamma * inverse * (dz(r) - taken);
      }
    });
  });
}

}  // namespace

const NormOps& norm_reference() {
  static const NormOps ops{batch_statistics, batch_norm, nullptr, batch_norm_backward};
  return ops;
}

}  // namespace voxgrad::cpu
