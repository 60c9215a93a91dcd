#include <algorithm>

#include "cuda/conv/small_channels/result.cuh"
#include "cuda/conv/tensor_core/plane.cuh"
#include "cuda/conv/tensor_core/plane_sweep.h"

namespace voxgrad::cuda::plane_sweep {
namespace {

using namespace small_channels;

using Marches = Instances<MarchShape<9, 16, 3>, MarchShape<16, 8, 3>,  // merger.layer1 and 2
                          MarchShape<16, 9, 3>, MarchShape<8, 16, 3>,  // their gradients of data
                          MarchShape<1, 32, 4>>;                       // refiner.layer1

/// All weights as [product][step] of mma::B. Products are numbered by plane of taps and tile.
template <class Shape>
__device__ void fill_factors(BFloat16* to, const BFloat16* w, const View& v) {
  constexpr int S = Shape::S, R = Shape::R, K = Shape::K, all = K * K * K;
  constexpr int count = Shape::products * Shape::steps * 128;
  for (int i = int(threadIdx.x); i < count; i += Shape::threads) to[i] = BFloat16{0};
  __syncthreads();
  for (int i = int(threadIdx.x); i < R * all * S; i += Shape::threads) {
    const int r = v.transposed ? i % R : i / (all * S);
    const int c = v.transposed ? i / (all * R) : i % S;
    const int stored = v.transposed ? i / R % all : i / S % all;
    const int tap = v.turned ? all - 1 - stored : stored;
    const int plane = tap / Shape::taps, k = Shape::k_of(tap % Shape::taps, c);
    const bool ninth = Shape::ninth && r == R - 1;
    const int product = ninth ? K * Shape::tiles : plane * Shape::tiles + r / 8;
    to[(product * Shape::steps + k / 16) * 128 + mma::place_in_b(k % 16, ninth ? plane : r % 8)] =
        w[i];
  }
  __syncthreads();
}

/// A ninth channel's sums, for rows g and g + 8 in lanes with t = 0: those of the last two planes,
/// by the planes of taps that they have seen.
struct Ninth {
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
  constexpr int V = Shape::R % 2 == 0 ? 2 : 1;
  const int lane = int(threadIdx.x) % 32, t = lane % 4;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    float* to = stage + (lane / 4 + 8 * i) * stage_pitch(Shape::R);
#pragma unroll
    for (int tile = 0; tile < Shape::tiles; ++tile)
      store_pack(to + 8 * tile + 2 * t,
                 Pack<float, 2>{{sums[tile].sums[2 * i], sums[tile].sums[2 * i + 1]}}, V == 2);
    if (Shape::ninth && t == 0) to[Shape::R - 1] = ninth[std::size_t(i)];
  }
}

/// `depth`: planes of the result that a block makes.
template <class Shape>
__global__ void __launch_bounds__(Shape::threads, Shape::blocks)
    march(View v, Cut cut, int depth, Maps<BFloat16> maps) {
  constexpr int S = Shape::S, K = Shape::K, steps = Shape::steps, tiles = Shape::tiles;
  constexpr int staged = 16 * stage_pitch(Shape::R);
  constexpr int factors = Shape::products * steps * 64;  // as floats
  constexpr int memory = std::max(factors, Shape::pixels / 16 * staged);
  __shared__ Unit units[Shape::units > 0 ? 2 * Shape::units : 1];
  __shared__ BFloat16 rest[Shape::rest > 0 ? 2 * Shape::most : 1];
  alignas(16) __shared__ float stage[memory];  // weights, then results
  __shared__ int places[Shape::pixels];
  static_assert(sizeof units + sizeof rest + sizeof stage + sizeof places <= static_limit);
  const int thread = int(threadIdx.x), warp = thread / 32, lane = thread % 32;
  const Part part(cut, v.result, Shape::pixels);
  if (thread < Shape::pixels) {
    const Part::Pixel pixel = part.pixel(thread);
    places[thread] =
        pixel.inside ? (part.first_row + pixel.row) * v.result[2] + part.first_column + pixel.column
                     : -1;
  }
  for (int i = thread; i < 2 * Shape::units; i += Shape::threads) units[i] = Unit{};
  if constexpr (Shape::rest > 0)
    for (int i = thread; i < 2 * Shape::most; i += Shape::threads) rest[i] = BFloat16{0};

  fill_factors<Shape>(reinterpret_cast<BFloat16*>(stage), maps.w, v);
  mma::B b[Shape::products][steps];
#pragma unroll
  for (int i = 0; i < Shape::products * steps; ++i)
    b[i / steps][i % steps] = reinterpret_cast<const mma::B*>(stage)[i * 32 + lane];

  const int first = part.depth * depth, pitch = cut.width + K - 1;
  const int last = first + depth < v.result[0] ? first + depth : v.result[0];
  const Box box{
      {first - v.padding[0], part.first_row - v.padding[1], part.first_column - v.padding[2]},
      {1, part.rows + K - 1, pitch}};
  const std::int64_t plane = std::int64_t(v.source[1]) * v.source[2] * S;
  const BFloat16* sample = maps.source + part.sample * v.source[0] * plane;
  PlaneFeed<Shape> feed(v, box, maps.packed);
  const auto load = [&](int z) {
    const bool inside = z >= 0 && z < v.source[0];
    if (inside) feed.load(sample + z * plane);
    return inside;
  };
  const auto offset_of = [&](int i) {
    const Part::Pixel pixel = part.pixel(warp * 16 + i);
    return pixel.inside ? pixel.row * pitch + pixel.column : 0;
  };
  const int offset = offset_of(lane % 16);
  const RestTaps<Shape> rest_taps(offset_of(lane / 4), offset_of(lane / 4 + 8), pitch);

  mma::C sums[K][tiles] = {};  // of K planes of the result, the one that is done next first
  Ninth ninth;
  bool inside = load(box.begin[0]);
  if (inside) feed.store(units, rest);
  __syncthreads();
  int buffer = 0;
#pragma unroll 1
  for (int z = box.begin[0], done = first - K + 1; done < last; ++z, ++done, buffer ^= 1) {
    const bool next = done + 1 < last && load(z + 1);
    mma::C extra{};
    if (inside) {
#pragma unroll
      for (int step = 0; step < steps; ++step) {
        const mma::A a = step < Shape::unit_steps
                             ? mma::load_a(units + buffer * Shape::units + offset +
                                           Shape::unit(step, lane / 16, pitch))
                             : rest_taps.load(rest + buffer * Shape::most);
#pragma unroll
        for (int i = 0; i < K; ++i)
#pragma unroll
          for (int tile = 0; tile < tiles; ++tile)
            sums[i][tile] = mma::multiply(a, b[(K - 1 - i) * tiles + tile][step], sums[i][tile]);
        if constexpr (Shape::ninth) extra = mma::multiply(a, b[K * tiles][step], extra);
      }
    }
    std::array<float, 2> last_channel{};
    if constexpr (Shape::ninth) last_channel = ninth.add(extra);
    if (done >= first) {
      stage_sums<Shape>(stage + warp * staged, sums[0], last_channel);
      __syncwarp();
      store_staged<Shape::R, 1, 16>(stage + warp * staged, places + warp * 16, maps, part.sample,
                                    done, v.result, lane, 32);
    }
#pragma unroll
    for (int i = 0; i < K; ++i)
#pragma unroll
      for (int tile = 0; tile < tiles; ++tile)
        sums[i][tile] = i + 1 < K ? sums[i + 1][tile] : mma::C{};
    if (next) feed.store(units + (buffer ^ 1) * Shape::units, rest + (buffer ^ 1) * Shape::most);
    inside = next;
    __syncthreads();
  }
}

/// Planes of a result that a block makes: the more, the less is read and multiplied twice, but
/// there should be blocks for all multiprocessors of a large GPU. Does not depend on the device.
template <class Shape>
int depth_of(const View& v, std::int64_t batch) {
  int depth = v.result[0];
  while (depth > 4 && Cut(v.result, Shape::pixels, depth).grid(batch) < 1024)
    depth = (depth + 1) / 2;
  return depth;
}

/// Places in a plane are counted in 32 bits.
template <class Shape>
bool fits(const View& v) {
  const auto values = [](const int(&extents)[3], int channels) {
    return std::int64_t(extents[1]) * extents[2] * channels;
  };
  if (std::max(values(v.source, Shape::S), values(v.result, Shape::R)) >= std::int64_t{1} << 31)
    return false;
  const Cut cut(v.result, Shape::pixels, 1);
  return PlaneFeed<Shape>::fits(cut.rows(v.result, Shape::pixels) + Shape::K - 1,
                                cut.width + Shape::K - 1);
}

void run(bool transposed, const ConvGeometry& g, const Tensor& source, const Tensor& w,
         const Epilogue& epilogue, const Tensor& result) {
  const View view(g, transposed);
  const Maps<BFloat16> maps(source, w, epilogue, result);
  const bool found = Marches::choose(view, [&]<class Shape>() {
    if (!fits<Shape>(view)) return false;
    const int depth = depth_of<Shape>(view, g.batch);
    const Cut cut(view.result, Shape::pixels, depth);
    launch(march<Shape>, grid_of(cut.grid(g.batch)), Shape::threads, 0, view, cut, depth, maps);
    return true;
  });
  check(found, "[conv] no kernel of tensor cores for ", g);
}

}  // namespace

bool supports(const ConvProblem& problem) {
  const ConvGeometry& g = problem.geometry;
  if (problem.factors != DType::bf16 || g.spatial_rank == 0 || !cubic(g, g.kernel[2], 1) ||
      problem.direction == ConvDirection::backward_weight)
    return false;
  const View view(g, problem.direction == ConvDirection::backward_data);
  return Marches::choose(view, [&]<class Shape>() { return fits<Shape>(view); });
}

void convolve(const ConvProblem& problem, const ConvOperands& operands) {
  const auto& [x, w, y, epilogue, packed] = operands;
  if (problem.direction == ConvDirection::forward)
    run(false, problem.geometry, x, w, epilogue, y);
  else
    run(true, problem.geometry, y, w, epilogue, x);
}

}  // namespace voxgrad::cuda::plane_sweep
