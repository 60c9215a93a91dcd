// Batch normalisation with groups, activation included. Statistics take one pass: sums in f64,
// shifted by the group's first row (rows.cuh). The backward pass computes the activation again from
// x instead of reading y, and takes two passes. Maps in bf16 have statistics and parameters in f32.
#include "cuda/kernels.h"
#include "cuda/norm/coefficients.cuh"

namespace voxgrad::cuda {
namespace {

template <int V, class T>
struct StatisticsTerm {
  using C = Compute<T>;
  const T* x;
  std::int64_t group_size, channels;
  struct State {
    double shift[V];
  };

  __device__ State at(std::int64_t group, std::int64_t channel) const {
    State state;
    for (int j = 0; j < V; ++j)
      state.shift[j] = double(convert_value<C>(x[group * group_size + channel + j]));
    return state;
  }
  // In f64, since neither the shift need be near the mean nor the squares within f32.
  __device__ void add(const State& state, std::int64_t, std::int64_t offset,
                      double (&run)[2][V]) const {
    const Pack<T, V> in = load_pack<V>(x + offset);
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const double shifted = double(convert_value<C>(in.element[j])) - state.shift[j];
      run[0][j] += shifted;
      run[1][j] += shifted * shifted;
    }
  }
};

template <class T>
struct StatisticsFinish {
  using C = Compute<T>;
  const T* x;
  std::int64_t group_size, channels;
  double rows;
  C* mean;
  C* variance;

  __device__ void group(std::int64_t group, std::int64_t channel, const double (&total)[2]) const {
    const double offset = total[0] / rows;
    const double value = total[1] / rows - offset * offset;
    mean[group * channels + channel] =
        C(double(convert_value<C>(x[group * group_size + channel])) + offset);
    variance[group * channels + channel] = C(value > 0 ? value : (value == value ? 0 : value));
  }
  __device__ void end(std::int64_t) const {}
};

void statistics(const Tensor& x, const Tensor& mean, const Tensor& variance) {
  const OpScope op("batch_norm", x, mean, variance);
  dispatch_floating("batch_norm", x.dtype(), [&]<class T>() {
    using C = Compute<T>;
    const std::int64_t groups = mean.shape()[0], channels = x.shape()[-1];
    const std::int64_t rows = x.shape().rows() / groups;
    const T* const in = x.data<T>();
    const StatisticsFinish<T> finish{in,           rows * channels, channels,
                                     double(rows), mean.data<C>(),  variance.data<C>()};
    dispatch_width<T>(channels, {in}, [&]<int V>() {
      sum_rows<V, 2, double>(groups, rows, channels, x.device(),
                             StatisticsTerm<V, T>{in, rows * channels, channels}, finish);
    });
  });
}

template <int V, class T, ActivationKind kind>
struct NormalizeBody {
  using C = Compute<T>;
  Coefficients<C> coefficients;
  const T* x;
  T* y;

  __device__ ChannelState<V, C> at(std::int64_t group, std::int64_t channel) const {
    return {coefficients, group, channel};
  }
  __device__ void apply(const ChannelState<V, C>& s, std::int64_t, std::int64_t offset) const {
    const functors::Activate<kind, C> activate{coefficients.alpha};
    const Pack<T, V> in = load_pack<V>(x + offset);
    Pack<T, V> out;
#pragma unroll
    for (int j = 0; j < V; ++j)
      out.element[j] = convert_value<T>(
          activate((convert_value<C>(in.element[j]) - s.mean[j]) * s.scale[j] + s.beta[j]));
    store_pack(y + offset, out);
  }
};

void normalize(const Tensor& x, const Tensor& mean, const Tensor& variance,
               const BatchNormParameters& parameters, const Tensor& y) {
  const OpScope op("batch_norm", x, mean, variance, parameters.gamma, parameters.beta, y);
  dispatch_floating("batch_norm", x.dtype(), [&]<class T>() {
    const std::int64_t groups = mean.shape()[0], channels = x.shape()[-1];
    const std::int64_t rows = x.shape().rows() / groups;
    const Coefficients<Compute<T>> coefficients(mean, variance, parameters);
    const T* const in = x.data<T>();
    T* const out = y.data<T>();
    dispatch_activation(parameters.activation.kind, [&]<ActivationKind kind>() {
      dispatch_width<T>(channels, {in, out}, [&]<int V>() {
        using Body = NormalizeBody<V, T, kind>;
        const Rows r(groups, rows, channels, V);
        launch(map_rows<V, Body>, r.grid, kThreads, 0, r, Body{coefficients, in, out});
      });
    });
  });
}

template <class C>
__global__ void update_running_kernel(std::int64_t groups, std::int64_t channels, double unbias,
                                      double momentum, const C* mean, const C* variance,
                                      const C* shift, C* running_mean, C* running_var) {
  const std::int64_t c = thread_index();
  if (c >= channels) return;
  for (std::int64_t g = 0; g < groups; ++g) {
    const double m = double(mean[g * channels + c]) + (shift ? double(shift[c]) : 0.0);
    const double v = double(variance[g * channels + c]);
    running_mean[c] = C((1.0 - momentum) * double(running_mean[c]) + momentum * m);
    running_var[c] = C((1.0 - momentum) * double(running_var[c]) + momentum * (unbias * v));
  }
}

void update_running(const Tensor& mean, const Tensor& variance, const Tensor& shift,
                    std::int64_t rows_per_group, double momentum, const Tensor& running_mean,
                    const Tensor& running_var) {
  const OpScope op("batch_norm", mean, variance, shift, running_mean, running_var);
  dispatch_float("batch_norm", mean.dtype(), [&]<class C>() {
    const std::int64_t groups = mean.shape()[0], channels = mean.shape()[1];
    const double unbias =
        rows_per_group > 1 ? double(rows_per_group) / double(rows_per_group - 1) : 1.0;
    launch(update_running_kernel<C>, dim3(unsigned(divide_up(channels, kThreads))), kThreads, 0,
           groups, channels, unbias, momentum, mean.data<C>(), variance.data<C>(),
           shift.defined() ? shift.data<C>() : nullptr, running_mean.data<C>(),
           running_var.data<C>());
  });
}

/// Sums over a group's rows of g and of g * xhat, g being the gradient at the norm.
template <int V, class T, ActivationKind kind>
struct GradientTerm {
  using C = Compute<T>;
  Coefficients<C> coefficients;
  const T* x;
  const T* dy;

  __device__ ChannelState<V, C> at(std::int64_t group, std::int64_t channel) const {
    return {coefficients, group, channel};
  }
  __device__ void add(const ChannelState<V, C>& s, std::int64_t, std::int64_t offset,
                      C (&run)[2][V]) const {
    const Pack<T, V> in = load_pack<V>(x + offset);
    const Pack<T, V> out = load_pack<V>(dy + offset);
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const C centred = convert_value<C>(in.element[j]) - s.mean[j];
      const C g = gradient_at_norm<kind>(coefficients.alpha, centred, s.scale[j], s.beta[j],
                                         convert_value<C>(out.element[j]));
      run[0][j] += g;
      run[1][j] += g * (centred * s.inverse[j]);
    }
  }
};

template <int V, class T, ActivationKind kind>
struct InputGradientBody {
  using C = Compute<T>;
  Coefficients<C> coefficients;
  const T* x;
  const T* dy;
  const double* means;
  T* dx;

  __device__ GradientState<V, C> at(std::int64_t group, std::int64_t channel) const {
    return {coefficients, means, group, channel};
  }
  __device__ void apply(const GradientState<V, C>& s, std::int64_t, std::int64_t offset) const {
    const Pack<T, V> in = load_pack<V>(x + offset);
    const Pack<T, V> out = load_pack<V>(dy + offset);
    Pack<T, V> result;
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const C centred = convert_value<C>(in.element[j]) - s.mean[j];
      const C g = gradient_at_norm<kind>(coefficients.alpha, centred, s.scale[j], s.beta[j],
                                         convert_value<C>(out.element[j]));
      result.element[j] = convert_value<T>(s.input_gradient(j, centred, g));
    }
    store_pack(dx + offset, result);
  }
};

void backward(bool constant, const Tensor& x, const Tensor& dy, const Tensor& mean,
              const Tensor& variance, const BatchNormParameters& parameters, const Tensor& dx,
              const Tensor& dgamma, const Tensor& dbeta) {
  const OpScope op("batch_norm_backward", x, dy, mean, variance, parameters.gamma, dx, dgamma,
                   dbeta);
  dispatch_floating("batch_norm_backward", x.dtype(), [&]<class T>() {
    using C = Compute<T>;
    const std::int64_t groups = mean.shape()[0], channels = x.shape()[-1];
    const std::int64_t rows = x.shape().rows() / groups;
    const Coefficients<C> coefficients(mean, variance, parameters);
    const T* const in = x.data<T>();
    const T* const gradient = dy.data<T>();
    T* const out = dx.defined() ? dx.data<T>() : nullptr;
    const bool sums = dgamma.defined() || (out && !constant);
    Tensor means;
    if (sums) means = Tensor({groups, 2, channels}, DType::f64, x.device());
    dispatch_activation(parameters.activation.kind, [&]<ActivationKind kind>() {
      dispatch_width<T>(channels, {in, gradient, out}, [&]<int V>() {
        if (sums)
          sum_rows<V, 2, C>(groups, rows, channels, x.device(),
                            GradientTerm<V, T, kind>{coefficients, in, gradient},
                            GradientFinish<C>{channels, double(rows), means.data<double>(),
                                              dgamma.defined() ? dgamma.data<C>() : nullptr,
                                              dgamma.defined() ? dbeta.data<C>() : nullptr});
        if (out == nullptr) return;
        using Body = InputGradientBody<V, T, kind>;
        const Rows r(groups, rows, channels, V);
        launch(map_rows<V, Body>, r.grid, kThreads, 0, r,
               Body{coefficients, in, gradient, constant ? nullptr : means.data<double>(), out});
      });
    });
  });
}

}  // namespace

const NormOps norm_ops{.statistics = statistics,
                       .normalize = normalize,
                       .update_running = update_running,
                       .backward = backward};

}  // namespace voxgrad::cuda
