// Batch norm, activation and max pooling in one pass, and its gradient in two: the sums over the
// argmax of all windows, then dx. A thread takes a pack of channels of one window at a time
// (rows.cuh, a row being a window). The second pass backward walks over windows that cover x, so
// that each dy is read once and no element is written twice.
#include "cuda/kernels.h"
#include "cuda/norm/coefficients.cuh"

namespace voxgrad::cuda {
namespace {

/// One window. At the upper end of an axis it may be cut off; then nothing of it was pooled.
struct Window {
  int n, begin[3], size[3];
  bool complete;
};

struct Windows {
  int input[3], kernel[3], output[3];
  int count[3];  // windows along the axes

  /// covering: those that are cut off count too.
  Windows(const PoolGeometry& g, bool covering) {
    for (int axis = 0; axis < 3; ++axis) {
      input[axis] = int(g.input[axis]);
      kernel[axis] = int(g.kernel[axis]);
      output[axis] = int(g.output[axis]);
      count[axis] = covering ? int(divide_up(g.input[axis], g.kernel[axis])) : output[axis];
    }
  }
  std::int64_t per_sample() const { return std::int64_t(count[0]) * count[1] * count[2]; }

  /// Windows are numbered as the pixels of y are.
  __device__ Window at(std::int64_t number) const {
    unsigned rest = unsigned(number);  // division of 64 bits is slow; the host has checked the size
    int place[3];
    for (int axis = 2; axis >= 0; --axis) {
      place[axis] = int(rest % unsigned(count[axis]));
      rest /= unsigned(count[axis]);
    }
    Window window{int(rest), {}, {}, true};
    for (int axis = 0; axis < 3; ++axis) {
      window.begin[axis] = place[axis] * kernel[axis];
      const int left = input[axis] - window.begin[axis];
      window.size[axis] = left < kernel[axis] ? left : kernel[axis];
      window.complete = window.complete && place[axis] < output[axis];
    }
    return window;
  }

  /// body(tap, pixel) for a window's elements inside the map; `pixel` counts those of all of
  /// x.
  template <class Body>
  __device__ void for_each_tap(const Window& window, Body body) const {
    for (int kd = 0; kd < window.size[0]; ++kd) {
      const std::int64_t plane = std::int64_t(window.n) * input[0] + window.begin[0] + kd;
      const std::int64_t first = (plane * input[1] + window.begin[1]) * input[2] + window.begin[2];
      const int tap = kd * kernel[1] * kernel[2];
      if (kernel[1] == 2 && kernel[2] == 2 && window.size[1] == 2 && window.size[2] == 2) {
        // The usual window: all its loads at once.
#pragma unroll
        for (int k = 0; k < 4; ++k) body(tap + k, first + k / 2 * input[2] + k % 2);
      } else {
        for (int kh = 0; kh < window.size[1]; ++kh)
          for (int kw = 0; kw < window.size[2]; ++kw)
            body(tap + kh * kernel[2] + kw, first + std::int64_t(kh) * input[2] + kw);
      }
    }
  }
};

template <int V, class T, ActivationKind kind>
struct NormalizePoolBody {
  using C = Compute<T>;
  Coefficients<C> coefficients;
  Windows windows;
  const T* x;
  T* y;
  std::uint8_t* argmax;  // or null

  __device__ ChannelState<V, C> at(std::int64_t group, std::int64_t channel) const {
    return {coefficients, group, channel};
  }
  __device__ void apply(const ChannelState<V, C>& s, std::int64_t row, std::int64_t offset) const {
    const functors::Activate<kind, C> activate{coefficients.alpha};
    const std::int64_t channels = coefficients.channels, channel = offset - row * channels;
    C best[V] = {};
    Pack<std::uint8_t, V> winner{};
    windows.for_each_tap(windows.at(row), [&](int tap, std::int64_t pixel) {
      const Pack<T, V> in = load_pack<V>(x + pixel * channels + channel);
#pragma unroll
      for (int j = 0; j < V; ++j) {
        const C value =
            activate((convert_value<C>(in.element[j]) - s.mean[j]) * s.scale[j] + s.beta[j]);
        if (tap == 0 || value > best[j] || value != value) {
          best[j] = value;
          winner.element[j] = std::uint8_t(tap);
        }
      }
    });
    Pack<T, V> out;
#pragma unroll
    for (int j = 0; j < V; ++j) out.element[j] = convert_value<T>(best[j]);
    store_pack(y + offset, out);
    if (argmax) store_pack(argmax + offset, winner);
  }
};

/// What both passes backward read, and find out about a complete window.
template <int V, class T, ActivationKind kind>
struct PooledGradient {
  using C = Compute<T>;
  Coefficients<C> coefficients;
  Windows windows;
  const T* x;
  const T* dy;
  const std::uint8_t* argmax;

  /// `at`: the window's place in dy, this thread's channels. centred: x - mean of the argmax;
  /// gradient: that at the norm.
  __device__ void find(const ChannelState<V, C>& s, const Window& window, std::int64_t channel,
                       std::int64_t at, Pack<std::uint8_t, V>& winner, C (&centred)[V],
                       C (&gradient)[V]) const {
    winner = load_pack<V>(argmax + at);
    const Pack<T, V> out = load_pack<V>(dy + at);
    Pack<T, V> chosen{};
    windows.for_each_tap(window, [&](int tap, std::int64_t pixel) {
      const Pack<T, V> in = load_pack<V>(x + pixel * coefficients.channels + channel);
#pragma unroll
      for (int j = 0; j < V; ++j)
        if (winner.element[j] == tap) chosen.element[j] = in.element[j];
    });
#pragma unroll
    for (int j = 0; j < V; ++j) {
      centred[j] = convert_value<C>(chosen.element[j]) - s.mean[j];
      gradient[j] = gradient_at_norm<kind>(coefficients.alpha, centred[j], s.scale[j], s.beta[j],
                                           convert_value<C>(out.element[j]));
    }
  }
};

/// Sums over a group's windows of g and of g * xhat at the winner: all other elements add nothing.
template <int V, class T, ActivationKind kind>
struct PooledGradientTerm : PooledGradient<V, T, kind> {
  using C = Compute<T>;

  __device__ ChannelState<V, C> at(std::int64_t group, std::int64_t channel) const {
    return {this->coefficients, group, channel};
  }
  __device__ void add(const ChannelState<V, C>& s, std::int64_t row, std::int64_t offset,
                      C (&run)[2][V]) const {
    Pack<std::uint8_t, V> winner;
    C centred[V], gradient[V];
    this->find(s, this->windows.at(row), offset - row * this->coefficients.channels, offset, winner,
               centred, gradient);
#pragma unroll
    for (int j = 0; j < V; ++j) {
      run[0][j] += gradient[j];
      run[1][j] += gradient[j] * (centred[j] * s.inverse[j]);
    }
  }
};

/// dx of all elements of the windows that cover x.
template <int V, class T, ActivationKind kind>
struct PooledInputGradientBody : PooledGradient<V, T, kind> {
  using C = Compute<T>;
  const double* means;
  T* dx;

  __device__ GradientState<V, C> at(std::int64_t group, std::int64_t channel) const {
    return {this->coefficients, means, group, channel};
  }
  __device__ void apply(const GradientState<V, C>& s, std::int64_t row, std::int64_t offset) const {
    const std::int64_t channels = this->coefficients.channels, channel = offset - row * channels;
    const Window window = this->windows.at(row);
    Pack<std::uint8_t, V> winner{};
    C centred[V], gradient[V] = {};
    if (window.complete) {
      const int* const output = this->windows.output;
      std::int64_t pooled = window.n;
      for (int axis = 0; axis < 3; ++axis)
        pooled = pooled * output[axis] + window.begin[axis] / this->windows.kernel[axis];
      this->find(s, window, channel, pooled * channels + channel, winner, centred, gradient);
    }
    this->windows.for_each_tap(window, [&](int tap, std::int64_t pixel) {
      const std::int64_t at = pixel * channels + channel;
      const Pack<T, V> in = load_pack<V>(this->x + at);
      Pack<T, V> out;
#pragma unroll
      for (int j = 0; j < V; ++j)
        out.element[j] =
            convert_value<T>(s.input_gradient(j, convert_value<C>(in.element[j]) - s.mean[j],
                                              winner.element[j] == tap ? gradient[j] : C(0)));
      store_pack(dx + at, out);
    });
  }
};

/// A thread takes fewer rows where a row is a window of many elements.
std::int64_t min_windows(const PoolGeometry& g) {
  return divide_up(8, g.kernel[0] * g.kernel[1] * g.kernel[2]);
}

std::int64_t windows_per_group(const char* op, const PoolGeometry& g, const Windows& windows,
                               std::int64_t groups) {
  const std::int64_t all = g.batch * windows.per_sample();
  check(all < std::int64_t(1) << 31, "[", op, "] ", all, " pooling windows are too many: input ",
        g.input_shape());
  return all / groups;
}

void normalize_pool(const PoolGeometry& g, const Tensor& x, const Tensor& mean,
                    const Tensor& variance, const BatchNormParameters& parameters, const Tensor& y,
                    const Tensor& argmax) {
  const OpScope op("batch_norm", x, mean, variance, parameters.gamma, parameters.beta, y, argmax);
  dispatch_floating("batch_norm", x.dtype(), [&]<class T>() {
    const std::int64_t groups = mean.shape()[0];
    const Windows windows(g, false);
    const std::int64_t rows = windows_per_group("batch_norm", g, windows, groups);
    const Coefficients<Compute<T>> coefficients(mean, variance, parameters);
    const T* const in = x.data<T>();
    T* const out = y.data<T>();
    std::uint8_t* const taps = argmax.defined() ? argmax.data<std::uint8_t>() : nullptr;
    dispatch_activation(parameters.activation.kind, [&]<ActivationKind kind>() {
      dispatch_width<T>(g.channels, {in, out}, taps, [&]<int V>() {
        using Body = NormalizePoolBody<V, T, kind>;
        const Rows r(groups, rows, g.channels, V, min_windows(g));
        launch(map_rows<V, Body>, r.grid, kThreads, 0, r,
               Body{coefficients, windows, in, out, taps});
      });
    });
  });
}

void backward_pool(const PoolGeometry& g, bool constant, const Tensor& x, const Tensor& dy,
                   const Tensor& argmax, const Tensor& mean, const Tensor& variance,
                   const BatchNormParameters& parameters, const Tensor& dx, const Tensor& dgamma,
                   const Tensor& dbeta) {
  const char* const name = "batch_norm_backward";
  const OpScope op(name, x, dy, argmax, mean, variance, parameters.gamma, dx, dgamma, dbeta);
  dispatch_floating(name, x.dtype(), [&]<class T>() {
    using C = Compute<T>;
    const std::int64_t groups = mean.shape()[0], channels = g.channels;
    const std::int64_t rows = x.shape().rows() / groups;
    const Windows pooled(g, false), covering(g, true);
    const Coefficients<C> coefficients(mean, variance, parameters);
    const T* const in = x.data<T>();
    const T* const gradient = dy.data<T>();
    const std::uint8_t* const taps = argmax.data<std::uint8_t>();
    T* const out = dx.defined() ? dx.data<T>() : nullptr;
    const bool sums = dgamma.defined() || (out && !constant);
    Tensor means;
    if (sums) means = Tensor({groups, 2, channels}, DType::f64, x.device());
    dispatch_activation(parameters.activation.kind, [&]<ActivationKind kind>() {
      dispatch_width<T>(channels, {in, gradient, out}, taps, [&]<int V>() {
        using Gradient = PooledGradient<V, T, kind>;
        if (sums)
          sum_rows<V, 2, C>(
              groups, windows_per_group(name, g, pooled, groups), channels, x.device(),
              PooledGradientTerm<V, T, kind>{Gradient{coefficients, pooled, in, gradient, taps}},
              GradientFinish<C>{channels, double(rows), means.data<double>(),
                                dgamma.defined() ? dgamma.data<C>() : nullptr,
                                dgamma.defined() ? dbeta.data<C>() : nullptr},
              min_windows(g));
        if (out == nullptr) return;
        using Body = PooledInputGradientBody<V, T, kind>;
        const Rows r(groups, windows_per_group(name, g, covering, groups), channels, V,
                     min_windows(g));
        launch(map_rows<V, Body>, r.grid, kThreads, 0, r,
               Body{Gradient{coefficients, covering, in, gradient, taps},
                    constant ? nullptr : means.data<double>(), out});
      });
    });
  });
}

}  // namespace

const NormPoolOps norm_pool_ops{.normalize = normalize_pool, .backward = backward_pool};

}  // namespace voxgrad::cuda
