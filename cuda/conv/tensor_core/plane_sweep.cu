#include <algorithm>

#include "cuda/conv/small_channels/result.cuh"
#include "cuda/conv/tensor_core/plane.cuh"
#include "cuda/conv/tensor_core/plane_sweep.h"

namespace voxgrad::cuda::plane_sweep {
namespace {

using namespace small_channels;

using PlaneSweeps =
    Instances<SweepShape<9, 16, 3>, SweepShape<16, 8, 3>,  // merger.layer1 and 2
              SweepShape<16, 9, 3>, SweepShape<8, 16, 3>,  // their gradients of data
              SweepShape<1, 32, 4>>;                       // refiner.layer1

/// All weights as [product][step] of mma::B. Products are numbered by plane of taps and tile.
template <class Shape>
__device__ void fill_factors(BFloat16* to, const BFloat16* w, const ConvSides& v) {
  constexpr int source_channels = Shape::source_channels, result_channels = Shape::result_channels,
                kernel = Shape::kernel, all = kernel * kernel * kernel;
  constexpr int count = Shape::products * Shape::steps * 128;
  for (int i = int(threadIdx.x); i < count; i += Shape::threads) to[i] = BFloat16{0};
  __syncthreads();
  for (int i = int(threadIdx.x); i < result_channels * all * source_channels; i += Shape::threads) {
    const int r = v.transposed ? i % result_channels : i / (all * source_channels);
    const int c = v.transposed ? i / (all * result_channels) : i % source_channels;
    const int stored = v.transposed ? i / result_channels % all : i / source_channels % all;
    const int tap = v.flipped ? all - 1 - stored : stored;
    const int plane = tap / Shape::taps, k = Shape::k_of(tap % Shape::taps, c);
    const bool ninth = Shape::ninth && r == result_channels - 1;
    const int product = ninth ? kernel * Shape::tiles : plane * Shape::tiles + r / 8;
    to[(product * Shape::steps + k / 16) * 128 + mma::place_in_b(k % 16, ninth ? plane : r % 8)] =
        w[i];
  }
  __syncthreads();
}

/// A ninth channel's sums, for rows g and g + 8 in lanes with t = 0: those of the last two planes,
/// by the planes of taps that they have seen.
struct NinthChannel {
  float two[2] = {}, one[2] = {};

  /// Adds a plane's product. Returns what is done.
  __device__ std::array<float, 2> add(const mma::C& c) {
    std::array<float, 2> done;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      done[std::size_t(i)] = two[i] + __shfl_down_sync(0xffffffffu, c.sums[2 * i], 1);
      two[i] = one[i] + c.sums[2 * i + 1];
      one[i] = c.sums[2 * i];
    }
    return done;
  }
};

/// A warp's sums of one plane to its 16 pixels of shared memory.
template <class Shape>
__device__ void stage_sums(float* stage, const mma::C (&sums)[Shape::tiles],
                           const std::array<float, 2>& ninth) {
  constexpr int V = Shape::result_channels % 2 == 0 ? 2 : 1;
  const int lane = int(threadIdx.x) % 32, t = lane % 4;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    float* to = stage + (lane / 4 + 8 * i) * stage_pitch(Shape::result_channels);
#pragma unroll
    for (int tile = 0; tile < Shape::tiles; ++tile)
      store_pack(to + 8 * tile + 2 * t,
                 Pack<float, 2>{{sums[tile].sums[2 * i], sums[tile].sums[2 * i + 1]}}, V == 2);
    if (Shape::ninth && t == 0) to[Shape::result_channels - 1] = ninth[std::size_t(i)];
  }
}

/// Drawing: plane_sweep.h. `depth`: planes of the result that a block makes.
template <class Shape>
__global__ void __launch_bounds__(Shape::threads, Shape::blocks)
    sweep(ConvSides v, Cut cut, int depth, Maps<BFloat16> maps) {
  constexpr int source_channels = Shape::source_channels, kernel = Shape::kernel,
                steps = Shape::steps, tiles = Shape::tiles;
  constexpr int staged = 16 * stage_pitch(Shape::result_channels);
  constexpr int factors = Shape::products * steps * 64;  // as floats
  constexpr int memory = std::max(factors, Shape::pixels / 16 * staged);
  __shared__ ChannelGroup groups[Shape::groups > 0 ? 2 * Shape::groups : 1];
  __shared__ BFloat16 last_channel[Shape::last_channel > 0 ? 2 * Shape::max_pixels : 1];
  alignas(16) __shared__ float stage[memory];  // weights, then results
  __shared__ int places[Shape::pixels];
  static_assert(sizeof groups + sizeof last_channel + sizeof stage + sizeof places <= static_limit);
  const int thread = int(threadIdx.x), warp = thread / 32, lane = thread % 32;
  const Part part(cut, v.result, Shape::pixels);
  if (thread < Shape::pixels) {
    const Part::Pixel pixel = part.pixel(thread);
    places[thread] =
        pixel.inside ? (part.first_row + pixel.row) * v.result[2] + part.first_column + pixel.column
                     : -1;
  }
  for (int i = thread; i < 2 * Shape::groups; i += Shape::threads) groups[i] = ChannelGroup{};
  if constexpr (Shape::last_channel > 0)
    for (int i = thread; i < 2 * Shape::max_pixels; i += Shape::threads)
      last_channel[i] = BFloat16{0};

  fill_factors<Shape>(reinterpret_cast<BFloat16*>(stage), maps.w, v);
  mma::B b[Shape::products][steps];
#pragma unroll
  for (int i = 0; i < Shape::products * steps; ++i)
    b[i / steps][i % steps] = reinterpret_cast<const mma::B*>(stage)[i * 32 + lane];

  const int first = part.depth * depth, pitch = cut.width + kernel - 1;
  const int last = first + depth < v.result[0] ? first + depth : v.result[0];
  const Box box{
      {first - v.padding[0], part.first_row - v.padding[1], part.first_column - v.padding[2]},
      {1, part.rows + kernel - 1, pitch}};
  const std::int64_t plane = std::int64_t(v.source[1]) * v.source[2] * source_channels;
  const BFloat16* sample = maps.source + part.sample * v.source[0] * plane;
  PlaneLoader<Shape> loader(v, box, maps.packed);
  const auto load = [&](int z) {
    const bool inside = z >= 0 && z < v.source[0];
    if (inside) loader.load(sample + z * plane);
    return inside;
  };
  const auto offset_of = [&](int i) {
    const Part::Pixel pixel = part.pixel(warp * 16 + i);
    return pixel.inside ? pixel.row * pitch + pixel.column : 0;
  };
  const int offset = offset_of(lane % 16);
  const LastChannelTaps<Shape> last_channel_taps(offset_of(lane / 4), offset_of(lane / 4 + 8),
                                                 pitch);

  mma::C sums[kernel][tiles] =
      {};  // of so many planes of the result, the one that is done next first
  NinthChannel ninth;
  bool inside = load(box.begin[0]);
  if (inside) loader.store(groups, last_channel);
  __syncthreads();
  int buffer = 0;
#pragma unroll 1
  for (int z = box.begin[0], done = first - kernel + 1; done < last; ++z, ++done, buffer ^= 1) {
    const bool next = done + 1 < last && load(z + 1);
    mma::C extra{};
    if (inside) {
#pragma unroll
      for (int step = 0; step < steps; ++step) {
        const mma::A a = step < Shape::group_steps
                             ? mma::load_a(groups + buffer * Shape::groups + offset +
                                           Shape::group(step, lane / 16, pitch))
                             : last_channel_taps.load(last_channel + buffer * Shape::max_pixels);
#pragma unroll
        for (int i = 0; i < kernel; ++i)
#pragma unroll
          for (int tile = 0; tile < tiles; ++tile)
            sums[i][tile] =
                mma::multiply(a, b[(kernel - 1 - i) * tiles + tile][step], sums[i][tile]);
        if constexpr (Shape::ninth) extra = mma::multiply(a, b[kernel * tiles][step], extra);
      }
    }
    std::array<float, 2> ninth_sums{};
    if constexpr (Shape::ninth) ninth_sums = ninth.add(extra);
    if (done >= first) {
      stage_sums<Shape>(stage + warp * staged, sums[0], ninth_sums);
      __syncwarp();
      store_staged<Shape::result_channels, 1, 16>(stage + warp * staged, places + warp * 16, maps,
                                                  part.sample, done, v.result, lane, 32);
    }
#pragma unroll
    for (int i = 0; i < kernel; ++i)
#pragma unroll
      for (int tile = 0; tile < tiles; ++tile)
        sums[i][tile] = i + 1 < kernel ? sums[i + 1][tile] : mma::C{};
    if (next)
      loader.store(groups + (buffer ^ 1) * Shape::groups,
                   last_channel + (buffer ^ 1) * Shape::max_pixels);
    inside = next;
    __syncthreads();
  }
}

/// Planes of a result that a block makes: the more, the less is read and multiplied twice, but
/// there should be blocks for all multiprocessors of a large GPU. Does not depend on the device.
template <class Shape>
int depth_of(const ConvSides& v, std::int64_t batch) {
  int depth = v.result[0];
  while (depth > 4 && Cut(v.result, Shape::pixels, depth).grid(batch) < 1024)
    depth = (depth + 1) / 2;
  return depth;
}

/// Places in a plane are counted in 32 bits.
template <class Shape>
bool fits(const ConvSides& v) {
  const auto values = [](const int(&extents)[3], int channels) {
    return std::int64_t(extents[1]) * extents[2] * channels;
  };
  if (std::max(values(v.source, Shape::source_channels),
               values(v.result, Shape::result_channels)) >= std::int64_t{1} << 31)
    return false;
  const Cut cut(v.result, Shape::pixels, 1);
  return PlaneLoader<Shape>::fits(cut.rows(v.result, Shape::pixels) + Shape::kernel - 1,
                                  cut.width + Shape::kernel - 1);
}

void run(bool transposed, const ConvGeometry& g, const Tensor& source, const Tensor& w,
         const Epilogue& epilogue, const Tensor& result) {
  const ConvSides view(g, transposed);
  const Maps<BFloat16> maps(source, w, epilogue, result);
  const bool found = PlaneSweeps::choose(view, [&]<class Shape>() {
    if (!fits<Shape>(view)) return false;
    const int depth = depth_of<Shape>(view, g.batch);
    const Cut cut(view.result, Shape::pixels, depth);
    launch(sweep<Shape>, grid_of(cut.grid(g.batch)), Shape::threads, 0, view, cut, depth, maps);
    return true;
  });
  check(found, "[conv] plane_sweep: no kernel for ", g);
}

}  // namespace

bool supports(const ConvProblem& problem) {
  const ConvGeometry& g = problem.geometry;
  if (problem.factors != DType::bf16 || g.spatial_rank == 0 || !cubic(g, g.kernel[2], 1) ||
      problem.direction == ConvDirection::backward_weight)
    return false;
  const ConvSides view(g, problem.direction == ConvDirection::backward_data);
  return PlaneSweeps::choose(view, [&]<class Shape>() { return fits<Shape>(view); });
}

void convolve(const ConvProblem& problem, const ConvOperands& operands) {
  const auto& [x, w, y, epilogue, packed] = operands;
  if (problem.direction == ConvDirection::forward)
    run(false, problem.geometry, x, w, epilogue, y);
  else
    run(true, problem.geometry, y, w, epilogue, x);
}

}  // namespace voxgrad::cuda::plane_sweep
