// A thread computes one element of the result.
#include "cuda/activate.h"
#include "cuda/conv/reference.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/launch.cuh"
#include "tensor/ops/convert_ops.h"

namespace voxgrad::cuda::reference {
namespace {

/// Place i of a map [N, extents, channels].
struct Place {
  std::int64_t sample, channel;
  Triple at;

  __device__ Place(std::int64_t i, const Triple& extents, std::int64_t channels)
      : channel(i % channels) {
    i /= channels;
    for (int axis = 2; axis >= 0; --axis) {
      at[axis] = i % extents[axis];
      i /= extents[axis];
    }
    sample = i;
  }
};

__device__ std::int64_t row_of(std::int64_t sample, const Triple& at, const Triple& extents) {
  return ((sample * extents[0] + at[0]) * extents[1] + at[1]) * extents[2] + at[2];
}

__device__ std::int64_t volume(const Triple& extents) {
  return extents[0] * extents[1] * extents[2];
}

template <class T>
__device__ double wide(T value) {
  return double(convert_value<Compute<T>>(value));
}

/// body(k, tap): every tap of the kernel, and its number.
template <class Body>
__device__ void for_each_tap(const Triple& kernel, const Body& body) {
  std::int64_t tap = 0;
  for (std::int64_t depth = 0; depth < kernel[0]; ++depth)
    for (std::int64_t height = 0; height < kernel[1]; ++height)
      for (std::int64_t width = 0; width < kernel[2]; ++width)
        body(Triple{depth, height, width}, tap++);
}

/// The pixel of x that output pixel o sees through tap k; false if it is in the padding.
__device__ bool input_pixel(const ConvGeometry& g, const Triple& o, const Triple& k, Triple& i) {
  for (int axis = 0; axis < 3; ++axis) {
    i[axis] = o[axis] * g.stride[axis] + k[axis] - g.padding[axis];
    if (i[axis] < 0 || i[axis] >= g.input[axis]) return false;
  }
  return true;
}

/// The output pixel that sees pixel i of x through tap k; false if there is none.
__device__ bool output_pixel(const ConvGeometry& g, const Triple& i, const Triple& k, Triple& o) {
  for (int axis = 0; axis < 3; ++axis) {
    const std::int64_t distance = i[axis] + g.padding[axis] - k[axis];
    if (distance < 0 || distance % g.stride[axis] != 0) return false;
    o[axis] = distance / g.stride[axis];
    if (o[axis] >= g.output[axis]) return false;
  }
  return true;
}

template <class T, class Result>
__global__ void forward(ConvGeometry g, const T* x, const T* w, const Compute<T>* bias,
                        Activation activation, Result* y, std::int64_t size) {
  for (std::int64_t index = thread_index(); index < size; index += thread_count()) {
    const Place y_place(index, g.output, g.out_channels);
    double sum = bias ? double(bias[y_place.channel]) : 0.0;
    for_each_tap(g.kernel, [&](const Triple& k, std::int64_t tap) {
      Triple i;
      if (!input_pixel(g, y_place.at, k, i)) return;
      const T* pixel = x + row_of(y_place.sample, i, g.input) * g.in_channels;
      const T* weight = w + (y_place.channel * volume(g.kernel) + tap) * g.in_channels;
      for (std::int64_t c = 0; c < g.in_channels; ++c) sum += wide(pixel[c]) * wide(weight[c]);
    });
    y[index] = convert_value<Result>(activate(activation, Compute<T>(sum)));
  }
}

template <class T, class Result>
__global__ void backward_data(ConvGeometry g, const T* dy, const T* w, const Compute<T>* bias,
                              Activation activation, Result* dx, std::int64_t size) {
  for (std::int64_t index = thread_index(); index < size; index += thread_count()) {
    const Place x_place(index, g.input, g.in_channels);
    double sum = bias ? double(bias[x_place.channel]) : 0.0;
    for_each_tap(g.kernel, [&](const Triple& k, std::int64_t tap) {
      Triple o;
      if (!output_pixel(g, x_place.at, k, o)) return;
      const T* gradient = dy + row_of(x_place.sample, o, g.output) * g.out_channels;
      for (std::int64_t f = 0; f < g.out_channels; ++f)
        sum += wide(gradient[f]) *
               wide(w[(f * volume(g.kernel) + tap) * g.in_channels + x_place.channel]);
    });
    dx[index] = convert_value<Result>(activate(activation, Compute<T>(sum)));
  }
}

template <class T>
__global__ void backward_weight(ConvGeometry g, const T* x, const T* dy, Compute<T>* dw,
                                std::int64_t size) {
  for (std::int64_t index = thread_index(); index < size; index += thread_count()) {
    const Place w_place(index, g.kernel, g.in_channels);  // its sample is the output channel
    const std::int64_t pixels = g.batch * volume(g.output);
    double sum = 0;
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
      const Place y_place(pixel, g.output, 1);
      Triple i;
      if (!input_pixel(g, y_place.at, w_place.at, i)) continue;
      sum += wide(x[row_of(y_place.sample, i, g.input) * g.in_channels + w_place.channel]) *
             wide(dy[pixel * g.out_channels + w_place.sample]);
    }
    dw[index] = Compute<T>(sum);
  }
}

}  // namespace

void convolve(const ConvProblem& problem, const ConvOperands& operands) {
  const Tensor &x = operands.x, &w = operands.w, &y = operands.y;
  const Epilogue& epilogue = operands.epilogue;
  const ConvGeometry& g = problem.geometry;
  const Tensor& result = operands.result(problem.direction);
  const std::int64_t size = result.numel();
  const auto start = [&](auto kernel, auto... arguments) {
    launch(kernel, blocks_for(size), kThreads, 0, g, arguments..., size);
  };
  dispatch_floating("conv", problem.factors, [&]<class T>() {
    if (problem.direction == ConvDirection::backward_weight)
      return start(backward_weight<T>, x.data<T>(), y.data<T>(), result.data<Compute<T>>());
    const Compute<T>* bias = epilogue.bias.defined() ? epilogue.bias.data<Compute<T>>() : nullptr;
    const auto run = [&]<class Result>() {
      if (problem.direction == ConvDirection::forward)
        start(forward<T, Result>, x.data<T>(), w.data<T>(), bias, epilogue.activation,
              result.data<Result>());
      else
        start(backward_data<T, Result>, y.data<T>(), w.data<T>(), bias, epilogue.activation,
              result.data<Result>());
    };
    if (problem.result == problem.factors)
      run.template operator()<T>();
    else  // of bf16 factors
      run.template operator()<Compute<T>>();
  });
}

}  // namespace voxgrad::cuda::reference
