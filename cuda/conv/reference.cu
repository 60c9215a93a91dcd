// A thread computes one element of the result, from f64 copies of the operands.
#include "cuda/activate.h"
#include "cuda/conv/reference.h"
#include "cuda/runtime/launch.cuh"

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

__global__ void forward(ConvGeometry g, const double* x, const double* w, const double* bias,
                        Activation activation, double* y, std::int64_t size) {
  for (std::int64_t index = thread_index(); index < size; index += thread_count()) {
    const Place to(index, g.output, g.out_channels);
    double sum = bias ? bias[to.channel] : 0;
    for (std::int64_t tap = 0; tap < g.kernel_volume(); ++tap) {
      const Triple k = Place(tap, g.kernel, 1).at;
      Triple i;
      if (!input_pixel(g, to.at, k, i)) continue;
      const double* pixel = x + row_of(to.sample, i, g.input) * g.in_channels;
      const double* weight = w + (to.channel * g.kernel_volume() + tap) * g.in_channels;
      for (std::int64_t c = 0; c < g.in_channels; ++c) sum += pixel[c] * weight[c];
    }
    y[index] = activate(activation, sum);
  }
}

__global__ void backward_data(ConvGeometry g, const double* dy, const double* w, const double* bias,
                              Activation activation, double* dx, std::int64_t size) {
  for (std::int64_t index = thread_index(); index < size; index += thread_count()) {
    const Place to(index, g.input, g.in_channels);
    double sum = bias ? bias[to.channel] : 0;
    for (std::int64_t tap = 0; tap < g.kernel_volume(); ++tap) {
      const Triple k = Place(tap, g.kernel, 1).at;
      Triple o;
      if (!output_pixel(g, to.at, k, o)) continue;
      const double* gradient = dy + row_of(to.sample, o, g.output) * g.out_channels;
      for (std::int64_t f = 0; f < g.out_channels; ++f)
        sum += gradient[f] * w[(f * g.kernel_volume() + tap) * g.in_channels + to.channel];
    }
    dx[index] = activate(activation, sum);
  }
}

__global__ void backward_weight(ConvGeometry g, const double* x, const double* dy, double* dw,
                                std::int64_t size) {
  for (std::int64_t index = thread_index(); index < size; index += thread_count()) {
    const Place to(index, g.kernel, g.in_channels);  // its sample is the output channel
    double sum = 0;
    for (std::int64_t pixel = 0; pixel < g.batch * g.output_volume(); ++pixel) {
      const Place from(pixel, g.output, 1);
      Triple i;
      if (!input_pixel(g, from.at, to.at, i)) continue;
      sum += x[row_of(from.sample, i, g.input) * g.in_channels + to.channel] *
             dy[pixel * g.out_channels + to.sample];
    }
    dw[index] = sum;
  }
}

}  // namespace

void convolve(const ConvProblem& problem, const ConvOperands& operands) {
  const Tensor& result = operands.result(problem.direction);
  const Tensor sums(result.shape(), DType::f64, result.device());
  const auto f64 = [&](const Tensor& tensor) { return tensor.to(DType::f64); };
  const auto run = [&](auto kernel, auto... arguments) {
    launch(kernel, blocks_for(result.numel()), kThreads, 0, problem.geometry, arguments...,
           sums.data<double>(), result.numel());
  };
  const Tensor bias = operands.epilogue.bias.defined() ? f64(operands.epilogue.bias) : Tensor();
  const double* const biases = bias.defined() ? bias.data<double>() : nullptr;
  const Activation activation = operands.epilogue.activation;
  if (problem.direction == ConvDirection::forward) {
    const Tensor x = f64(operands.x), w = f64(operands.w);
    run(forward, x.data<double>(), w.data<double>(), biases, activation);
  } else if (problem.direction == ConvDirection::backward_data) {
    const Tensor dy = f64(operands.y), w = f64(operands.w);
    run(backward_data, dy.data<double>(), w.data<double>(), biases, activation);
  } else {
    const Tensor x = f64(operands.x), dy = f64(operands.y);
    run(backward_weight, x.data<double>(), dy.data<double>());
  }
  result.copy_from(sums.to(result.dtype()));
}

}  // namespace voxgrad::cuda::reference
