#include "cuda/conv_narrow.h"
#include "cuda/conv_narrow_result.h"

namespace voxgrad::cuda {
namespace {

using namespace narrow;

/// One direction, seen from its result. turned: backward_data of stride 1, whose taps run backward.
struct View {
  int source[3], result[3], padding[3];
  int source_channels, result_channels;
  int kernel, stride;
  bool transposed, turned;

  View(const ConvGeometry& g, bool backward)
      : source_channels(int(backward ? g.out_channels : g.in_channels)),
        result_channels(int(backward ? g.in_channels : g.out_channels)),
        kernel(int(g.kernel[2])),
        stride(int(g.stride[2])),
        transposed(backward),
        turned(backward && g.stride[2] == 1) {
    for (int axis = 0; axis < 3; ++axis) {
      source[axis] = int(backward ? g.output[axis] : g.input[axis]);
      result[axis] = int(backward ? g.input[axis] : g.output[axis]);
      padding[axis] = int(turned ? g.kernel[axis] - 1 - g.padding[axis] : g.padding[axis]);
    }
  }
};

/// Weights of C source channels as [channel][kh][kw][kd][RP], from forward's [R][K^3][S], or from
/// backward_data's [S][K^3][R], there with the taps turned round if `turned`.
template <int S, int R, int RP, int K, int C, class T>
__device__ void fill_weights(float* to, const T* w, int first, bool transposed, bool turned) {
  constexpr int taps = K * K * K;
  const auto place = [&](int channel, int tap, int r) {
    const int kd = tap / (K * K), khw = tap % (K * K);
    return ((channel * K * K + khw) * K + kd) * RP + r;
  };
#pragma unroll 2
  for (int i = int(threadIdx.x); i < C * taps * R; i += int(blockDim.x)) {
    if (transposed) {
      const int r = i % R, tap = i / R % taps, c = i / R / taps;
      to[place(c, turned ? taps - 1 - tap : tap, r)] = load(w[((first + c) * taps + tap) * R + r]);
    } else {
      const int c = i % C, tap = i / C % taps, r = i / C / taps;
      to[place(c, tap, r)] = load(w[(r * taps + tap) * S + first + c]);
    }
  }
}

/// S source channels, C of them in shared memory at a time; R result channels; P pixels a thread.
template <int S_, int R_, int K_, int stride_, int P_, int C_>
struct GatherShape {
  static constexpr int S = S_, R = R_, K = K_, stride = stride_, P = P_, C = C_;
  static constexpr int RP = padded(R), threads = 128;
  static constexpr int planes = (P - 1) * stride + K;
  static constexpr int area = stride == 1 ? 300 : 840;  // floats of a plane of the tile
  static constexpr int tile = C * planes * area;
  static constexpr int staged_planes = staged(P, threads* stage_pitch(R), tile);
  static constexpr int stage = staged_planes * threads * stage_pitch(R);
  static constexpr int memory = tile > stage ? tile : stage;
  static constexpr int weights = C * K * K * K * RP;
  static constexpr bool whole = K * RP <= 16;          // weights of kd = 0 .. K-1 in one go
  static constexpr int unrolled = P * R <= 8 ? K : 1;  // more needs too many registers
  static_assert(S % C == 0 && 4 * (memory + weights + threads) <= static_limit);

  static bool matches(const View& v) {
    return v.source_channels == S && v.result_channels == R && v.kernel == K &&
           v.stride == stride && (stride == 1 || !v.transposed);
  }
};

using Gathers = Instances<
    GatherShape<9, 16, 3, 1, 4, 3>, GatherShape<16, 8, 3, 1, 4, 4>, GatherShape<8, 4, 3, 1, 4, 4>,
    GatherShape<4, 2, 3, 1, 8, 2>, GatherShape<2, 1, 3, 1, 8, 2>,  // the merger
    GatherShape<16, 9, 3, 1, 4, 4>, GatherShape<8, 16, 3, 1, 4, 4>, GatherShape<4, 8, 3, 1, 4, 4>,
    GatherShape<2, 4, 3, 1, 4, 2>, GatherShape<1, 2, 3, 1, 8, 1>,    // its gradients of data
    GatherShape<1, 32, 4, 1, 2, 1>, GatherShape<32, 1, 4, 1, 8, 2>,  // refiner.layer1
    GatherShape<1, 32, 4, 2, 2, 1>,   // gradient of data of refiner.layer8
    GatherShape<8, 32, 4, 2, 2, 1>>;  // and of decoder.layer4

/// How results are shared among blocks: rows are cut into parts of `width` pixels, so that
/// `columns` of them cover the plane's width; a block takes `threads` pixels of such a column, row
/// by row.
struct Cut {
  int width, columns, blocks;  // blocks a column
  int depths;                  // blocks along the depth

  Cut(const int (&result)[3], int threads, int depth) : columns(int(divide_up(result[2], 34))) {
    width = int(divide_up(result[2], columns));
    blocks = int(divide_up(std::int64_t(result[1]) * width, threads));
    depths = int(divide_up(result[0], depth));
  }
  /// Rows that a block may touch.
  int rows(const int (&result)[3], int threads) const {
    const int most = threads % width == 0 ? threads / width : (threads + width - 2) / width + 1;
    return std::min(most, result[1]);
  }
  std::int64_t grid(std::int64_t batch) const { return batch * depths * columns * blocks; }
};

/// This block's part.
struct Part {
  int first, column, depth;  // first pixel of the column; the column; block along the depth
  std::int64_t sample;

  __device__ explicit Part(const Cut& cut) {
    unsigned rest = blockIdx.x;
    first = int(rest % unsigned(cut.blocks));
    rest /= unsigned(cut.blocks);
    column = int(rest % unsigned(cut.columns));
    rest /= unsigned(cut.columns);
    depth = int(rest % unsigned(cut.depths));
    sample = rest / unsigned(cut.depths);
  }
};

template <class Shape, class T>
__global__ void __launch_bounds__(Shape::threads) gather(View v, Cut cut, Maps<T> maps) {
  constexpr int S = Shape::S, R = Shape::R, K = Shape::K, P = Shape::P, C = Shape::C;
  constexpr int RP = Shape::RP, stride = Shape::stride, planes = Shape::planes;
  alignas(16) __shared__ float memory[Shape::memory];
  alignas(16) __shared__ float weights[Shape::weights];
  __shared__ int places[Shape::threads];
  const int thread = int(threadIdx.x);
  const Part part(cut);

  const int first = part.first * Shape::threads, pixel = first + thread;
  const int first_row = first / cut.width, row = pixel / cut.width, column = pixel % cut.width;
  const int last = (first + Shape::threads - 1) / cut.width;
  const int rows = (last < v.result[1] ? last + 1 : v.result[1]) - first_row;
  const int width = part.column * cut.width + column;
  const bool inside = row < v.result[1] && width < v.result[2];
  places[thread] = inside ? row * v.result[2] + width : -1;
  const int first_depth = part.depth * P;

  const int columns = (cut.width - 1) * stride + K, half = (columns + stride - 1) / stride;
  const int pitch = half * stride;
  const Box box{{first_depth * stride - v.padding[0], first_row * stride - v.padding[1],
                 part.column * cut.width * stride - v.padding[2]},
                {planes, (rows - 1) * stride + K, columns}};
  const T* sample =
      maps.source + part.sample * v.source[0] * v.source[1] * v.source[2] * std::int64_t(S);
  const int offset = inside ? (row - first_row) * stride * pitch + column : 0;

  float sum[P][R] = {};
#pragma unroll 1
  for (int channel = 0; channel < S; channel += C) {
    if (channel > 0) __syncthreads();
    fill_planar<S, C, stride>(memory, Shape::area, half, box, v.source, sample, channel,
                              maps.packed);
    fill_weights<S, R, RP, K, C>(weights, maps.w, channel, v.transposed, v.turned);
    __syncthreads();
#pragma unroll 1
    for (int c = 0; c < C; ++c)
#pragma unroll 1
      for (int kh = 0; kh < K; ++kh)
#pragma unroll(Shape::unrolled)
        for (int kw = 0; kw < K; ++kw) {
          const float* from = memory + c * planes * Shape::area + offset + kh * pitch +
                              kw % stride * half + kw / stride;
          const float* weight = weights + ((c * K + kh) * K + kw) * K * RP;
          float x[planes];
#pragma unroll
          for (int j = 0; j < planes; ++j) x[j] = from[j * Shape::area];
          float all[Shape::whole ? K * RP : 1];
          if constexpr (Shape::whole) load_floats(weight, all);
#pragma unroll
          for (int kd = 0; kd < K; ++kd) {
            float one[RP];
            if constexpr (!Shape::whole) load_floats(weight + kd * RP, one);
#pragma unroll
            for (int p = 0; p < P; ++p)
#pragma unroll
              for (int r = 0; r < R; ++r)
                sum[p][r] += x[p * stride + kd] * (Shape::whole ? all[kd * RP + r] : one[r]);
          }
        }
  }
  store_sums<R, P, Shape::staged_planes, Shape::threads>(memory, sum, thread, places, maps,
                                                         part.sample, first_depth, v.result);
}

/// As GatherShape; P pixels of the source, 2P of the result.
template <int S_, int R_, int P_, int C_>
struct ScatterShape {
  static constexpr int S = S_, R = R_, P = P_, C = C_, K = 4;
  static constexpr int RP = padded(R), cells = 64, threads = 4 * cells;
  static constexpr int planes = P + 2;
  static constexpr int area = 180;
  static constexpr int tile = C * planes * area;
  static constexpr int staged_planes = staged(2 * P, threads* stage_pitch(R), tile + 2048);
  static constexpr int stage = staged_planes * threads * stage_pitch(R);
  static constexpr int memory = tile > stage ? tile : stage;
  static constexpr int weights = C * K * K * K * RP;
  static_assert(S % C == 0 && 4 * (memory + weights + threads) <= static_limit);

  static bool matches(const View& v) {
    return v.source_channels == S && v.result_channels == R && v.kernel == K && v.stride == 2 &&
           v.transposed && v.padding[0] == 1 && v.padding[1] == 1 && v.padding[2] == 1;
  }
};

using Scatters = Instances<ScatterShape<32, 1, 8, 4>, ScatterShape<32, 8, 4, 4>>;

/// Half the result's extents, rounded up: the pixels from which a block's results are counted.
struct Cells {
  int extent[3];
  explicit Cells(const View& v) {
    for (int axis = 0; axis < 3; ++axis) extent[axis] = (v.result[axis] + 1) / 2;
  }
};

/// Of the result pixel 2q + r along an axis, tap k = 3 - r - 2a shows the source at q + r - 1 + a,
/// for a = 0 and 1.
template <class Shape, class T>
__global__ void __launch_bounds__(Shape::threads)
    scatter(View v, Cells cells, Cut cut, Maps<T> maps) {
  constexpr int S = Shape::S, R = Shape::R, P = Shape::P, C = Shape::C, RP = Shape::RP, K = 4;
  constexpr int planes = Shape::planes;
  alignas(16) __shared__ float memory[Shape::memory];
  alignas(16) __shared__ float weights[Shape::weights];
  __shared__ int places[Shape::threads];
  const Part part(cut);

  // Two warps have the same parity, and so the same weights.
  const int cell = int(threadIdx.x) % Shape::cells, parity = int(threadIdx.x) / Shape::cells;
  const int parity_h = parity / 2, parity_w = parity % 2;
  const int first = part.first * Shape::cells, pixel = first + cell;
  const int first_row = first / cut.width, row = pixel / cut.width, column = pixel % cut.width;
  const int last = (first + Shape::cells - 1) / cut.width;
  const int rows = (last < cells.extent[1] ? last + 1 : cells.extent[1]) - first_row;
  const int width = part.column * cut.width + column;
  const bool inside = row < cells.extent[1] && width < cells.extent[2];
  // Staged so that the results of a row lie side by side.
  const int slot = (parity_h * Shape::cells + cell) * 2 + parity_w;
  const int result_row = 2 * row + parity_h, result_width = 2 * width + parity_w;
  places[slot] = inside && result_row < v.result[1] && result_width < v.result[2]
                     ? result_row * v.result[2] + result_width
                     : -1;
  const int first_depth = part.depth * P;

  const int pitch = cut.width + 2;
  const Box box{{first_depth - 1, first_row - 1, part.column * cut.width - 1},
                {planes, rows + 2, pitch}};
  const T* sample =
      maps.source + part.sample * v.source[0] * v.source[1] * v.source[2] * std::int64_t(S);
  const int offset = inside ? (row - first_row + parity_h) * pitch + column + parity_w : 0;

  float sum[2 * P][R] = {};
#pragma unroll 1
  for (int channel = 0; channel < S; channel += C) {
    if (channel > 0) __syncthreads();
    fill_planar<S, C, 1>(memory, Shape::area, pitch, box, v.source, sample, channel, maps.packed);
    fill_weights<S, R, RP, K, C>(weights, maps.w, channel, true, false);
    __syncthreads();
#pragma unroll 1
    for (int c = 0; c < C; ++c)
#pragma unroll 1
      for (int ah = 0; ah < 2; ++ah)
#pragma unroll 1
        for (int aw = 0; aw < 2; ++aw) {
          const float* from = memory + c * planes * Shape::area + offset + ah * pitch + aw;
          const int kh = 3 - parity_h - 2 * ah, kw = 3 - parity_w - 2 * aw;
          const float* weight = weights + ((c * K + kh) * K + kw) * K * RP;
          float x[planes];
#pragma unroll
          for (int j = 0; j < planes; ++j) x[j] = from[j * Shape::area];
          float w[K * RP];
          load_floats(weight, w);
#pragma unroll
          for (int parity_d = 0; parity_d < 2; ++parity_d)
#pragma unroll
            for (int ad = 0; ad < 2; ++ad)
#pragma unroll
              for (int p = 0; p < P; ++p)
#pragma unroll
                for (int r = 0; r < R; ++r)
                  sum[2 * p + parity_d][r] +=
                      x[p + parity_d + ad] * w[(3 - parity_d - 2 * ad) * RP + r];
        }
  }
  store_sums<R, 2 * P, Shape::staged_planes, Shape::threads>(
      memory, sum, slot, places, maps, part.sample, 2 * first_depth, v.result);
}

/// Kernel size 1: a thread takes a pixel.
template <int S, int R, class T, class Result>
__global__ void __launch_bounds__(kThreads) pointwise(std::int64_t pixels, Maps<T> maps) {
  float w[S * R];
#pragma unroll
  for (int i = 0; i < S * R; ++i) w[i] = load(maps.w[i]);
  for (std::int64_t i = thread_index(); i < pixels; i += thread_count()) {
    const Pack<T, S> x = load_pack<S>(maps.source + i * S, maps.packed);
    Pack<Result, R> y;
#pragma unroll
    for (int r = 0; r < R; ++r) {
      float sum = 0;
#pragma unroll
      for (int s = 0; s < S; ++s) sum += load(x.element[s]) * w[S == 1 ? r : s];
      if (maps.bias) sum += maps.bias[r];
      y.element[r] = store<Result>(activate(maps.activation, sum));
    }
    store_pack(static_cast<Result*>(maps.result) + i * R, y, maps.packed);
  }
}

template <int S_, int R_>
struct PointShape {
  static constexpr int S = S_, R = R_;
  static bool matches(const View& v) {
    return v.kernel == 1 && v.stride == 1 && v.padding[0] + v.padding[1] + v.padding[2] == 0 &&
           v.source_channels == S && v.result_channels == R;
  }
};
using Points = Instances<PointShape<8, 1>, PointShape<1, 8>>;

/// The tiles of these extents fit into shared memory. Only for maps that are very narrow and very
/// high they do not.
template <class Shape>
bool fits(const View& v) {
  if constexpr (requires { Shape::cells; }) {
    const Cells cells(v);
    const Cut cut(cells.extent, Shape::cells, Shape::P);
    return (cut.rows(cells.extent, Shape::cells) + 2) * (cut.width + 2) <= Shape::area;
  } else {
    const Cut cut(v.result, Shape::threads, Shape::P);
    const int columns = (cut.width - 1) * Shape::stride + Shape::K;
    const int pitch = (columns + Shape::stride - 1) / Shape::stride * Shape::stride;
    const int rows = (cut.rows(v.result, Shape::threads) - 1) * Shape::stride + Shape::K;
    return rows * pitch <= Shape::area;
  }
}

dim3 grid_of(std::int64_t blocks) {
  check(blocks < (std::int64_t{1} << 31), "[conv] too many pixels for one launch: ", blocks,
        " blocks. Use a smaller batch");
  return dim3(unsigned(blocks));
}

template <class T>
bool run(const View& v, std::int64_t batch, const Maps<T>& maps) {
  return Gathers::choose(v,
                         [&]<class Shape>() {
                           const Cut cut(v.result, Shape::threads, Shape::P);
                           launch(gather<Shape, T>, grid_of(cut.grid(batch)), Shape::threads, 0, v,
                                  cut, maps);
                           return true;
                         }) ||
         Scatters::choose(v,
                          [&]<class Shape>() {
                            const Cells cells(v);
                            const Cut cut(cells.extent, Shape::cells, Shape::P);
                            launch(scatter<Shape, T>, grid_of(cut.grid(batch)), Shape::threads, 0,
                                   v, cells, cut, maps);
                            return true;
                          }) ||
         Points::choose(v, [&]<class Shape>() {
           const std::int64_t pixels =
               batch * v.result[0] * v.result[1] * std::int64_t(v.result[2]);
           const auto start = [&]<class Result>() {
             launch(pointwise<Shape::S, Shape::R, T, Result>, blocks_for(pixels), kThreads, 0,
                    pixels, maps);
           };
           if (maps.wide)
             start.template operator()<float>();
           else
             start.template operator()<T>();
           return true;
         });
}

void run(bool transposed, const ConvGeometry& g, const Tensor& source, const Tensor& w,
         const Epilogue& epilogue, const Tensor& result) {
  const auto aligned = [](const Tensor& tensor) {
    return reinterpret_cast<std::uintptr_t>(tensor.raw()) % 16 == 0;
  };
  const View view(g, transposed);
  dispatch_factor(source.dtype(), [&]<class T>() {
    const Maps<T> maps{source.data<T>(),
                       w.data<T>(),
                       epilogue.bias.defined() ? epilogue.bias.data<float>() : nullptr,
                       result.raw(),
                       epilogue.activation,
                       aligned(source) && aligned(result),
                       result.dtype() == DType::f32};
    check(run(view, g.batch, maps), "[conv] no narrow kernel for ", g);
  });
}

void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Epilogue& epilogue,
             const Tensor& y) {
  const Op op("conv", x, w, epilogue.bias, y);
  run(false, g, x, w, epilogue, y);
}

void backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                   const Epilogue& epilogue, const Tensor& dx) {
  const Op op("conv_backward_data", dy, w, epilogue.bias, dx);
  run(true, g, dy, w, epilogue, dx);
}

}  // namespace

bool conv_narrow_suits(ConvDirection direction, const ConvGeometry& g, DType factors) {
  if (factors != DType::f32 && factors != DType::bf16) return false;
  if (g.spatial_rank == 0) return false;  // linear layers have kernels of their own
  const std::int64_t kernel = g.kernel[2], stride = g.stride[2];
  if (!cubic(g, kernel, stride)) return false;
  if (direction == ConvDirection::backward_weight) return conv_narrow_weight_suits(g);
  const View view(g, direction == ConvDirection::backward_data);
  const auto fit = [&]<class Shape>() { return fits<Shape>(view); };
  return Gathers::choose(view, fit) || Scatters::choose(view, fit) ||
         Points::choose(view, [&]<class Shape>() { return true; });
}

const ConvOps conv_narrow_ops{forward, backward_data, conv_narrow_backward_weight};

}  // namespace voxgrad::cuda
