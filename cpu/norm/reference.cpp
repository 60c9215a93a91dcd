#include "cpu/norm/reference.h"

#include <cmath>

#include "tensor/ops/functors.h"

namespace voxgrad::cpu::reference {
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

Tensor f64(const Tensor& tensor) {
  return tensor.to(DType::f64);
}

void store(const Tensor& values, const Tensor& out) {
  if (out.defined()) out.copy_from(values.to(out.dtype()));
}

}  // namespace

void batch_statistics(const Tensor& x, const Tensor& out_mean, const Tensor& out_variance) {
  const std::int64_t rows = x.numel() / out_mean.numel();
  const Tensor xs = f64(x);
  const Tensor means = Tensor::zeros(out_mean.shape(), DType::f64), variances = means.clone();
  const double* const in = xs.data<double>();
  for_each_channel(x, out_mean, [&](auto s, auto, auto place) {
    double &mean = means.data<double>()[s], &variance = variances.data<double>()[s];
    for (std::int64_t r = 0; r < rows; ++r) mean += in[place(r)] / double(rows);
    for (std::int64_t r = 0; r < rows; ++r)
      variance += (in[place(r)] - mean) * (in[place(r)] - mean) / double(rows);
  });
  store(means, out_mean);
  store(variances, out_variance);
}

void batch_norm(const Tensor& x, const Tensor& mean, const Tensor& variance,
                const BatchNormParameters& parameters, const Tensor& out_y) {
  const std::int64_t rows = x.numel() / mean.numel();
  const Tensor means = f64(mean), variances = f64(variance), gammas = f64(parameters.gamma),
               betas = f64(parameters.beta), ys = f64(x).clone();
  double* const y = ys.data<double>();
  dispatch_activation(parameters.activation.kind, [&]<ActivationKind kind>() {
    const functors::Activate<kind, double> act{parameters.activation.alpha};
    for_each_channel(x, mean, [&](auto s, auto c, auto place) {
      const double m = means.data<double>()[s], gamma = gammas.data<double>()[c];
      const double inverse = 1 / std::sqrt(variances.data<double>()[s] + parameters.eps);
      for (std::int64_t r = 0; r < rows; ++r)
        y[place(r)] = act((y[place(r)] - m) * inverse * gamma + betas.data<double>()[c]);
    });
  });
  store(ys, out_y);
}

void batch_norm_backward(bool constant, const Tensor& x, const Tensor& dy, const Tensor& mean,
                         const Tensor& variance, const BatchNormParameters& parameters,
                         const Tensor& out_dx, const Tensor& out_dgamma, const Tensor& out_dbeta) {
  const std::int64_t rows = x.numel() / mean.numel();
  const Tensor means = f64(mean), variances = f64(variance), gammas = f64(parameters.gamma),
               betas = f64(parameters.beta), xs = f64(x), dys = f64(dy), dxs = Tensor::like(xs);
  const Tensor dgammas = Tensor::zeros(gammas.shape(), DType::f64), dbetas = dgammas.clone();
  dispatch_activation(parameters.activation.kind, [&]<ActivationKind kind>() {
    const functors::Activate<kind, double> act{parameters.activation.alpha};
    const functors::ActivationDerivative<kind, double> derivative{parameters.activation.alpha};
    for_each_channel(x, mean, [&](auto s, auto c, auto place) {
      const double m = means.data<double>()[s], gamma = gammas.data<double>()[c];
      const double inverse = 1 / std::sqrt(variances.data<double>()[s] + parameters.eps);
      const auto xhat = [&](auto r) { return (xs.data<double>()[place(r)] - m) * inverse; };
      const auto dz = [&](auto r) {  // the gradient before the activation
        const double z = xhat(r) * gamma + betas.data<double>()[c];
        return dys.data<double>()[place(r)] * functors::slope_at<kind>(act, derivative, z);
      };
      double sum = 0, product = 0;
      for (std::int64_t r = 0; r < rows; ++r) {
        sum += dz(r);
        product += dz(r) * xhat(r);
      }
      dbetas.data<double>()[c] += sum;
      dgammas.data<double>()[c] += product;
      // Statistics that depend on x take from the gradient its mean, and what is along xhat.
      for (std::int64_t r = 0; r < rows; ++r) {
        const double taken = constant ? 0 : (sum + xhat(r) * product) / double(rows);
        dxs.data<double>()[place(r)] = gamma * inverse * (dz(r) - taken);
      }
    });
  });
  store(dxs, out_dx);
  store(dgammas, out_dgamma);
  store(dbetas, out_dbeta);
}

}  // namespace voxgrad::cpu::reference
