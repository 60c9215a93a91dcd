#include <algorithm>

#include "cuda/conv/small_channels/small_channels.h"
#include "cuda/conv/small_channels/tile.cuh"
#include "cuda/rows.cuh"

namespace voxgrad::cuda::small_channels {
namespace {

/// What the kernel is compiled for. block_channels: of dy's, those that a block takes; height: rows
/// of dy in shared memory at a time. Threads: an owner for each (kd, kh, channel of x), in `teams`
/// teams that share the rows.
template <int in_channels_, int out_channels_, int block_channels_, int kernel_, int stride_,
          int height_, int teams_>
struct WeightShape {
  static constexpr int in_channels = in_channels_, out_channels = out_channels_,
                       block_channels = block_channels_, kernel = kernel_, stride = stride_,
                       height = height_, teams = teams_;
  static constexpr int owners = kernel * kernel * in_channels, threads = owners * teams;
  static constexpr int slices = out_channels / block_channels;
  static constexpr int max_width = stride == 1 ? 34 : 17;
  static constexpr int rows = (height - 1) * stride + kernel;  // of x, in each plane
  static constexpr int pitch = ((max_width - 1) * stride + kernel) * in_channels | 1;
  static constexpr int tile = kernel * rows * pitch, reduction = block_channels * threads;
  static constexpr int memory = tile > reduction ? tile : reduction;
  static constexpr int gradients = height * max_width * block_channels;
  static_assert(out_channels % block_channels == 0 && height % teams == 0 && threads <= 1024 &&
                4 * (memory + gradients) <= static_limit);

  static bool matches(const ConvGeometry& g) {
    return g.in_channels == in_channels && g.out_channels == out_channels &&
           cubic(g, kernel, stride);
  }
};

using WeightShapes =
    Instances<WeightShape<9, 16, 16, 3, 1, 4, 4>, WeightShape<16, 8, 8, 3, 1, 4, 2>,
              WeightShape<8, 4, 4, 3, 1, 4, 4>, WeightShape<4, 2, 2, 3, 1, 8, 8>,
              WeightShape<2, 1, 1, 3, 1, 16, 16>,   // the merger
              WeightShape<1, 32, 8, 4, 1, 16, 16>,  // refiner.layer1
              WeightShape<1, 32, 8, 4, 2, 16, 16>,  // refiner.layer8
              WeightShape<8, 32, 8, 4, 2, 2, 2>>;   // decoder.layer4

/// A job is `height` rows, or a part of them, of one plane of dy; a block takes every gridDim.x-th
/// job.
struct Jobs {
  int input[3], output[3], padding[3];
  int width, columns, heights;  // of a job along the width; jobs along the width; along the height
  std::int64_t count;

  Jobs(const ConvGeometry& g, int max_width, int height)
      : columns(int(divide_up(g.output[2], max_width))),
        heights(int(divide_up(g.output[1], height))) {
    width = int(divide_up(g.output[2], columns));
    count = g.batch * g.output[0] * heights * columns;
    for (int axis = 0; axis < 3; ++axis) {
      input[axis] = int(g.input[axis]);
      output[axis] = int(g.output[axis]);
      padding[axis] = int(g.padding[axis]);
    }
  }
};

/// Neighbouring elements of rows of maps, as f32; 0 outside of the map. `rows` rows of `columns`
/// pixels from (depth, height, width) on, with `channels` of the map's channels, from `first` on.
template <int map_channels, int channels, class T>
__device__ void fill_rows(float* to, int pitch, int planes, int rows, int columns, int depth,
                          int height, int width, const int (&map)[3], const T* sample, int first) {
  const int elements = columns * channels;
  int i = int(threadIdx.x) / 32;
  const int warps = (int(blockDim.x) + 31) / 32;
  const int lane = int(threadIdx.x) % 32;
  const int lanes = std::min(32, int(blockDim.x) - i * 32);  // the last warp may be cut
  for (; i < planes * rows; i += warps) {
    const int d = depth + i / rows, h = height + i % rows;
    const bool valid = d >= 0 && d < map[0] && h >= 0 && h < map[1];
    const std::int64_t start = (std::int64_t(d) * map[1] + h) * map[2];
    for (int e = lane; e < elements; e += lanes) {
      const int w = width + e / channels;
      const bool there = valid && w >= 0 && w < map[2];
      to[i * pitch + e] =
          there ? load(sample[(start + w) * map_channels + first + e % channels]) : 0.0f;
    }
  }
}

/// partial: f64 [blocks, weights].
template <class Shape, class T>
__global__ void __launch_bounds__(Shape::threads)
    weight_parts(Jobs jobs, const T* x, const T* dy, double* partial) {
  constexpr int in_channels = Shape::in_channels, out_channels = Shape::out_channels,
                block_channels = Shape::block_channels, kernel = Shape::kernel,
                height = Shape::height;
  constexpr int stride = Shape::stride, pitch = Shape::pitch;
  __shared__ float memory[Shape::memory];
  alignas(16) __shared__ float gradients[Shape::gradients];
  const int owner = int(threadIdx.x) % Shape::owners, team = int(threadIdx.x) / Shape::owners;
  const int channel = owner % in_channels, kh = owner / in_channels % kernel,
            kd = owner / in_channels / kernel;
  const int first = int(blockIdx.y) * block_channels;

  float sum[kernel][block_channels] = {};
#pragma unroll 1
  for (std::int64_t job = blockIdx.x; job < jobs.count; job += gridDim.x) {
    const int column = int(job % jobs.columns) * jobs.width;
    std::int64_t rest = job / jobs.columns;
    const int row = int(rest % jobs.heights) * height;
    rest /= jobs.heights;
    const int depth = int(rest % jobs.output[0]);
    const std::int64_t sample = rest / jobs.output[0];
    const int rows = std::min(height, jobs.output[1] - row);
    const int width = std::min(jobs.width, jobs.output[2] - column);
    const std::int64_t inputs = std::int64_t(jobs.input[0]) * jobs.input[1] * jobs.input[2];
    const std::int64_t outputs = std::int64_t(jobs.output[0]) * jobs.output[1] * jobs.output[2];
    __syncthreads();  // the tiles before this are read
    fill_rows<in_channels, in_channels>(
        memory, pitch, kernel, Shape::rows, (width - 1) * stride + kernel,
        depth * stride - jobs.padding[0], row * stride - jobs.padding[1],
        column * stride - jobs.padding[2], jobs.input, x + sample * inputs * in_channels, 0);
    fill_rows<out_channels, block_channels>(gradients, Shape::max_width * block_channels, 1, rows,
                                            width, depth, row, column, jobs.output,
                                            dy + sample * outputs * out_channels, first);
    __syncthreads();
    for (int h = team; h < rows; h += Shape::teams) {
      const float* from = memory + (kd * Shape::rows + h * stride + kh) * pitch + channel;
      const float* gradient = gradients + h * Shape::max_width * block_channels;
      float seen[kernel];  // what the taps of this pixel see
#pragma unroll
      for (int kw = stride; kw < kernel; ++kw) seen[kw] = from[(kw - stride) * in_channels];
#pragma unroll 2
      for (int w = 0; w < width; ++w) {
#pragma unroll
        for (int kw = 0; kw < kernel - stride; ++kw) seen[kw] = seen[kw + stride];
#pragma unroll
        for (int i = 0; i < stride; ++i)
          seen[kernel - stride + i] = from[(w * stride + kernel - stride + i) * in_channels];
        float g[block_channels];
        load_floats(gradient + w * block_channels, g);
#pragma unroll
        for (int kw = 0; kw < kernel; ++kw)
#pragma unroll
          for (int r = 0; r < block_channels; ++r) sum[kw][r] += seen[kw] * g[r];
      }
    }
  }
  constexpr std::int64_t weights =
      std::int64_t(out_channels) * kernel * kernel * kernel * in_channels;
  partial += blockIdx.x * weights;
#pragma unroll
  for (int kw = 0; kw < kernel; ++kw) {
    __syncthreads();
#pragma unroll
    for (int r = 0; r < block_channels; ++r)
      memory[r * Shape::threads + int(threadIdx.x)] = sum[kw][r];
    __syncthreads();
    for (int i = int(threadIdx.x); i < block_channels * Shape::owners; i += Shape::threads) {
      const int r = i / Shape::owners, who = i % Shape::owners;
      double total = 0;
      for (int t = 0; t < Shape::teams; ++t)
        total += double(memory[r * Shape::threads + t * Shape::owners + who]);
      partial[(((first + r) * kernel * kernel + who / in_channels) * kernel + kw) * in_channels +
              who % in_channels] = total;
    }
  }
}

/// Kernel size 1 between a map of one channel and another: one sum per channel of the other.
template <class T>
struct PointTerm {
  const T* one;
  const T* other;
  struct State {};
  __device__ State at(std::int64_t, std::int64_t) const { return {}; }
  template <int V>
  __device__ void add(State, std::int64_t row, std::int64_t offset, float (&run)[1][V]) const {
    const float factor = load(one[row]);
    const Pack<T, V> pack = load_pack<V>(other + offset);
#pragma unroll
    for (int j = 0; j < V; ++j) run[0][j] += load(pack.element[j]) * factor;
  }
};

bool is_point(const ConvGeometry& g) {
  return cubic(g, 1, 1) && g.padding == Triple{0, 0, 0} &&
         std::min(g.in_channels, g.out_channels) == 1 &&
         std::max(g.in_channels, g.out_channels) == 8;
}

template <class T>
void run_point(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  const Tensor& one = g.in_channels == 1 ? x : dy;
  const Tensor& other = g.in_channels == 1 ? dy : x;
  constexpr int channels = 8;
  dispatch_width<T>(channels, {other.data<T>()}, [&]<int V>() {
    sum_rows<V, 1, float>(1, g.batch * g.input_volume(), channels, x.device(),
                          PointTerm<T>{one.data<T>(), other.data<T>()},
                          StoreSum{dw.raw(), dw.dtype(), 1});
  });
}

}  // namespace

bool supports_weight_gradient(const ConvGeometry& g) {
  return is_point(g) || WeightShapes::choose(g, [&]<class Shape>() { return true; });
}

void weight_gradient(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  dispatch_factor(x.dtype(), [&]<class T>() {
    if (is_point(g)) return run_point<T>(g, x, dy, dw);
    const bool ran = WeightShapes::choose(g, [&]<class Shape>() {
      // Two blocks for each of the largest devices' multiprocessors.
      constexpr std::int64_t default_blocks = 264;
      const Jobs jobs(g, Shape::max_width, Shape::height);
      const std::int64_t blocks = std::min(jobs.count, default_blocks / Shape::slices);
      const std::int64_t weights = dw.numel();
      const Tensor partial({blocks, weights}, DType::f64, x.device());
      launch(weight_parts<Shape, T>, dim3(unsigned(blocks), Shape::slices), Shape::threads, 0, jobs,
             x.data<T>(), dy.data<T>(), partial.data<double>());
      launch_finish_sums<1>(1, blocks, weights, partial, StoreSum{dw.raw(), dw.dtype(), 1});
      return true;
    });
    check(ran, "[conv] small_channels: no kernel for ", g);
  });
}

}  // namespace voxgrad::cuda::small_channels
