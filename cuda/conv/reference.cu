#include <algorithm>

#include "cuda/activate.h"
#include "cuda/conv/reference.h"
#include "cuda/kernels.h"
#include "cuda/rows.cuh"

namespace voxgrad::cuda {
namespace {

/// A sum of many terms: a few in the compute type, their sums in f64.
template <class C>
struct RunningSum {
  double total = 0;
  C run = 0;
  int length = 0;

  __device__ void add(C term) {
    run += term;
    if (++length < 8) return;
    total += double(run);
    run = 0;
    length = 0;
  }
  __device__ double value() const { return total + double(run); }
};

/// One direction, seen from its result: which pixel of the source a tap shows, and where its weight
/// is.
struct View {
  int source[3], result[3], kernel[3], stride[3], padding[3];
  int source_channels, result_channels;
  std::int64_t results;                // pixels, over all samples
  std::int64_t tap_step, source_step;  // in the weights; a step along the result's channels is 1
  bool transposed;                     // backward_data

  View(const ConvGeometry& g, bool backward)
      : source_channels(int(backward ? g.out_channels : g.in_channels)),
        result_channels(int(backward ? g.in_channels : g.out_channels)),
        results(g.batch * (backward ? g.input_volume() : g.output_volume())),
        tap_step(backward ? g.in_channels : g.in_channels * g.out_channels),
        source_step(backward ? g.kernel_volume() * g.in_channels : g.out_channels),
        transposed(backward) {
    for (int axis = 0; axis < 3; ++axis) {
      source[axis] = int(backward ? g.output[axis] : g.input[axis]);
      result[axis] = int(backward ? g.input[axis] : g.output[axis]);
      kernel[axis] = int(g.kernel[axis]);
      stride[axis] = int(g.stride[axis]);
      padding[axis] = int(g.padding[axis]);
    }
  }

  /// The source's position along an axis that result position `at` sees through `tap`, or -1.
  __device__ int seen(int axis, int at, int tap) const {
    if (!transposed) {
      const int position = at * stride[axis] + tap - padding[axis];
      return position < source[axis] ? position : -1;  // may be negative by itself
    }
    const int spread = at + padding[axis] - tap;
    if (spread < 0 || spread % stride[axis] != 0) return -1;
    return spread / stride[axis] < source[axis] ? spread / stride[axis] : -1;
  }
};

/// A thread makes one channel of one pixel; its neighbours make the pixel's other channels, so that
/// weights are read side by side and the source is the same for all.
template <class T, class Result>
__global__ void __launch_bounds__(kThreads)
    direct(View g, Activation activation, const T* source, const T* w, const Compute<T>* bias,
           Result* result) {
  using C = Compute<T>;
  for (std::int64_t i = thread_index(); i < g.results * g.result_channels; i += thread_count()) {
    const int channel = int(i % g.result_channels);
    std::int64_t rest = i / g.result_channels;
    const int at_width = int(rest % g.result[2]);
    rest /= g.result[2];
    const int at_height = int(rest % g.result[1]);
    rest /= g.result[1];
    const int at_depth = int(rest % g.result[0]);
    const std::int64_t sample = rest / g.result[0];
    RunningSum<C> sum;
    for (int kd = 0; kd < g.kernel[0]; ++kd) {
      const int depth = g.seen(0, at_depth, kd);
      if (depth < 0) continue;
      for (int kh = 0; kh < g.kernel[1]; ++kh) {
        const int height = g.seen(1, at_height, kh);
        if (height < 0) continue;
        for (int kw = 0; kw < g.kernel[2]; ++kw) {
          const int width = g.seen(2, at_width, kw);
          if (width < 0) continue;
          const std::int64_t pixel =
              ((sample * g.source[0] + depth) * g.source[1] + height) * g.source[2] + width;
          const T* from = source + pixel * g.source_channels;
          const T* weight =
              w + ((std::int64_t(kd) * g.kernel[1] + kh) * g.kernel[2] + kw) * g.tap_step + channel;
          for (int c = 0; c < g.source_channels; ++c)
            sum.add(convert_value<C>(from[c]) * convert_value<C>(weight[c * g.source_step]));
        }
      }
    }
    const double value = sum.value() + (bias ? double(bias[channel]) : 0.0);
    result[i] = convert_value<Result>(activate(activation, C(value)));
  }
}

void run_direct(const View& view, const Tensor& source, const Tensor& w, const Epilogue& epilogue,
                const Tensor& result) {
  dispatch_floating("conv", source.dtype(), [&]<class T>() {
    using C = Compute<T>;
    const auto run = [&]<class Result>() {
      launch(direct<T, Result>, blocks_for(result.numel()), kThreads, 0, view, epilogue.activation,
             source.data<T>(), w.data<T>(),
             epilogue.bias.defined() ? epilogue.bias.data<C>() : nullptr, result.data<Result>());
    };
    if constexpr (std::is_same_v<T, BFloat16>)
      if (result.dtype() == DType::f32) return run.template operator()<float>();
    run.template operator()<T>();
  });
}

void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Epilogue& epilogue,
             const Tensor& y) {
  const OpScope op("conv", x, w, epilogue.bias, y);
  // As [tap, in, out], so that neighbouring threads read neighbouring weights.
  const std::int64_t columns = g.kernel_volume() * g.in_channels;
  const Tensor turned({columns, g.out_channels}, w.dtype(), w.device());
  layout_ops.permute(w.reshape({g.out_channels, columns}), Permutation{1, 0}, turned);
  run_direct(View(g, false), x, turned, epilogue, y);
}

void backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                   const Epilogue& epilogue, const Tensor& dx) {
  const OpScope op("conv_backward_data", dy, w, epilogue.bias, dx);
  run_direct(View(g, true), dy, w, epilogue, dx);
}

struct WeightView {
  int input[3], output[3], kernel[3], stride[3], padding[3];
  int in_channels, out_channels;
  std::int64_t rows, chunk;  // rows of output pixels, over all samples; how many a block takes
  std::int64_t weights;

  explicit WeightView(const ConvGeometry& g)
      : in_channels(int(g.in_channels)),
        out_channels(int(g.out_channels)),
        rows(g.batch * g.output[0] * g.output[1]),
        weights(g.out_channels * g.kernel_volume() * g.in_channels) {
    // About as many threads as the largest devices run at a time.
    constexpr std::int64_t default_threads = 132 * 2048;
    const std::int64_t chunks = std::min(rows, divide_up(default_threads, weights));
    chunk = divide_up(rows, std::min<std::int64_t>(chunks, 65535));
    for (int axis = 0; axis < 3; ++axis) {
      input[axis] = int(g.input[axis]);
      output[axis] = int(g.output[axis]);
      kernel[axis] = int(g.kernel[axis]);
      stride[axis] = int(g.stride[axis]);
      padding[axis] = int(g.padding[axis]);
    }
  }
};

/// A thread adds one weight's products over a chunk of rows; partial: f64 [chunks, weights].
template <class T>
__global__ void __launch_bounds__(kThreads)
    weight_sums(WeightView g, const T* x, const T* dy, double* partial) {
  using C = Compute<T>;
  const std::int64_t i = thread_index();
  if (i >= g.weights) return;
  const int channel = int(i % g.in_channels);
  int rest = int(i / g.in_channels % (g.kernel[0] * g.kernel[1] * g.kernel[2]));
  const std::int64_t feature = i / g.in_channels / (g.kernel[0] * g.kernel[1] * g.kernel[2]);
  const int kw = rest % g.kernel[2];
  rest /= g.kernel[2];
  const int kh = rest % g.kernel[1], kd = rest / g.kernel[1];
  // Output positions along the width whose tap lies inside of the input.
  const int left = g.padding[2] - kw, right = g.input[2] - 1 + left;
  const int first = left > 0 ? (left + g.stride[2] - 1) / g.stride[2] : 0;
  const int reach = right < 0 ? 0 : right / g.stride[2] + 1;
  const int end = reach < g.output[2] ? reach : g.output[2];

  const std::int64_t begin_row = std::int64_t(blockIdx.y) * g.chunk;
  const std::int64_t end_row = begin_row + g.chunk < g.rows ? begin_row + g.chunk : g.rows;
  RunningSum<C> sum;
  for (std::int64_t row = begin_row; row < end_row; ++row) {
    const int oh = int(row % g.output[1]);
    const int od = int(row / g.output[1] % g.output[0]);
    const std::int64_t sample = row / g.output[1] / g.output[0];
    const int ih = oh * g.stride[1] + kh - g.padding[1];
    const int id = od * g.stride[0] + kd - g.padding[0];
    if (ih < 0 || ih >= g.input[1] || id < 0 || id >= g.input[0]) continue;
    const std::int64_t source_row = (sample * g.input[0] + id) * g.input[1] + ih;
    const T* source = x + source_row * g.input[2] * g.in_channels + channel;
    const T* gradient = dy + row * g.output[2] * g.out_channels + feature;
    for (int ow = first; ow < end; ++ow)
      sum.add(convert_value<C>(source[std::int64_t(ow * g.stride[2] - left) * g.in_channels]) *
              convert_value<C>(gradient[std::int64_t(ow) * g.out_channels]));
  }
  partial[blockIdx.y * g.weights + i] = sum.value();
}

void backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  const OpScope op("conv_backward_weight", x, dy, dw);
  const WeightView view(g);
  const std::int64_t chunks = divide_up(view.rows, view.chunk);
  const Tensor partial({chunks, view.weights}, DType::f64, x.device());
  dispatch_floating("conv_backward_weight", x.dtype(), [&]<class T>() {
    launch(weight_sums<T>, dim3(unsigned(divide_up(view.weights, kThreads)), unsigned(chunks)),
           kThreads, 0, view, x.data<T>(), dy.data<T>(), partial.data<double>());
  });
  launch(finish_sums<1, StoreSum>, dim3(unsigned(divide_up(view.weights, 32))), kThreads, 0,
         std::int64_t{1}, chunks, view.weights, partial.data<double>(),
         StoreSum{dw.raw(), dw.dtype(), 1});
}

}  // namespace

const ConvOps conv_direct_ops{forward, backward_data, backward_weight};

}  // namespace voxgrad::cuda
