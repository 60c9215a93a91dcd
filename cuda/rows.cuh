// Channels-last tensors read as groups of rows of C channels: the pattern of batch norm, bias
// gradients and all sums. A block takes a tile of channels and a chunk of rows; its threads are
// adjacent along the channels, V of them each, then along the rows. What a thread
// needs to know of its channels it looks up once.
//
// Sums: each thread adds runs of a few rows in the compute type, and the runs in f64; a block adds
// its threads pairwise, and a second kernel adds the blocks' results. The order depends on the
// sizes alone, so results are the same in every run. The runs are so short that f32 sums of K terms
// err by less than sqrt(K) units of rounding.
#pragma once

#include <algorithm>

#include "cuda/runtime/launch.cuh"
#include "cuda/runtime/packs.h"

namespace voxgrad::cuda {

struct Rows {
  std::int64_t rows;      // a group
  std::int64_t channels;  // a row
  std::int64_t chunk;     // rows per block
  int lanes;              // threads of a block over the channels: a power of two, at most 32
  dim3 grid;              // chunks, tiles of channels, groups

  /// min_rows: as many are worth a thread.
  Rows(std::int64_t groups, std::int64_t rows_per_group, std::int64_t channel_count, int width,
       std::int64_t min_rows = 8)
      : rows(rows_per_group), channels(channel_count), lanes(1) {
    constexpr std::int64_t default_blocks = 1056;  // eight a multiprocessor of the largest devices
    while (lanes < 32 && lanes * width < channels) lanes *= 2;
    const std::int64_t tiles = divide_up(channels, std::int64_t(lanes) * width);
    const std::int64_t row_lanes = kThreads / lanes;
    const std::int64_t wanted = std::max<std::int64_t>(1, default_blocks / (tiles * groups));
    chunk = std::max(divide_up(divide_up(rows, wanted), row_lanes), min_rows) * row_lanes;
    grid = dim3(unsigned(divide_up(rows, chunk)), unsigned(tiles), unsigned(groups));
  }
};

/// This thread's part: V channels from `channel`, and every `step`-th row of [row, end).
template <int V>
struct RowWalk {
  std::int64_t group, channel, row, end, step;
  bool inside;

  __device__ explicit RowWalk(const Rows& r) {
    group = blockIdx.z;
    channel = (std::int64_t(blockIdx.y) * r.lanes + int(threadIdx.x) % r.lanes) * V;
    inside = channel < r.channels;
    const std::int64_t begin = std::int64_t(blockIdx.x) * r.chunk;
    row = begin + int(threadIdx.x) / r.lanes;
    end = begin + r.chunk < r.rows ? begin + r.chunk : r.rows;
    step = kThreads / r.lanes;
  }
  /// A row's number among those of all groups.
  __device__ std::int64_t number(const Rows& r, std::int64_t at_row) const {
    return group * r.rows + at_row;
  }
  /// Where this thread's channels of a row begin, in elements.
  __device__ std::int64_t offset(const Rows& r, std::int64_t at_row) const {
    return number(r, at_row) * r.channels + channel;
  }
};

/// Body: `State at(group, channel)`, `void apply(state, row, offset)` for V channels; the row is
/// counted over all groups.
template <int V, class Body>
__global__ void __launch_bounds__(kThreads) map_rows(Rows r, Body body) {
  const RowWalk<V> walk(r);
  if (!walk.inside) return;
  const auto state = body.at(walk.group, walk.channel);
  for (std::int64_t row = walk.row; row < walk.end; row += walk.step)
    body.apply(state, walk.number(r, row), walk.offset(r, row));
}

/// fill(run) adds terms to zeros of type Number, which are then added to the totals; in f64 to the
/// totals themselves, which saves their registers.
template <class Number, int count, int V, class Fill>
__device__ void add_run(double (&total)[count][V], Fill fill) {
  if constexpr (std::is_same_v<Number, double>) {
    fill(total);
  } else {
    Number run[count][V] = {};
    fill(run);
#pragma unroll
    for (int k = 0; k < count; ++k)
#pragma unroll
      for (int j = 0; j < V; ++j) total[k][j] += double(run[k][j]);
  }
}

/// Term: `State at(group, channel)`, `void add(state, row, offset, run)` adding to run[count][V].
/// partial: f64 [groups, chunks, count, channels].
template <int V, int count, class Number, class Term>
__global__ void __launch_bounds__(kThreads, 2) partial_sums(Rows r, Term term, double* partial) {
  constexpr int run_length = 8;
  __shared__ double shared[count * V][kThreads];
  const RowWalk<V> walk(r);
  double total[count][V] = {};
  if (walk.inside) {
    const auto state = term.at(walk.group, walk.channel);
    std::int64_t row = walk.row;
    // Whole runs without a test in between, so that all their loads are on the way together.
    for (; row + (run_length - 1) * walk.step < walk.end; row += run_length * walk.step)
      add_run<Number>(total, [&](auto& run) {
#pragma unroll
        for (int i = 0; i < run_length; ++i) {
          const std::int64_t at_row = row + i * walk.step;
          term.add(state, walk.number(r, at_row), walk.offset(r, at_row), run);
        }
      });
    add_run<Number>(total, [&](auto& run) {
#pragma unroll 1
      for (; row < walk.end; row += walk.step)
        term.add(state, walk.number(r, row), walk.offset(r, row), run);
    });
  }
#pragma unroll
  for (int k = 0; k < count; ++k)
#pragma unroll
    for (int j = 0; j < V; ++j) shared[k * V + j][threadIdx.x] = total[k][j];
  const int row_lane = int(threadIdx.x) / r.lanes;
  for (int half = kThreads / r.lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (row_lane < half)
      for (int i = 0; i < count * V; ++i)
        shared[i][threadIdx.x] += shared[i][int(threadIdx.x) + half * r.lanes];
  }
  if (row_lane > 0 || !walk.inside) return;  // a thread of the first row reads what it wrote itself
  for (int k = 0; k < count; ++k)
    for (int j = 0; j < V; ++j)
      partial[((walk.group * gridDim.x + blockIdx.x) * count + k) * r.channels + walk.channel + j] =
          shared[k * V + j][threadIdx.x];
}

/// Adds the chunks. Finish: `void group(group, channel, total)` with total[count], called for one
/// group after the other by one thread per channel, then `void end(channel)`. A block has few
/// channels and many threads per channel: what takes time is that loads wait for each other.
template <int count, int lanes, class Finish>
__global__ void __launch_bounds__(kThreads, 2)
    finish_sums(std::int64_t groups, std::int64_t chunks, std::int64_t channels,
                const double* partial, Finish finish) {
  constexpr int chunk_lanes = kThreads / lanes;
  __shared__ double shared[count][chunk_lanes][lanes];
  const int lane = int(threadIdx.x) % lanes, chunk_lane = int(threadIdx.x) / lanes;
  const std::int64_t channel = std::int64_t(blockIdx.x) * lanes + lane;
  for (std::int64_t group = 0; group < groups; ++group) {
    double total[count] = {};
    const auto at = [&](std::int64_t chunk, int k) {
      return partial[((group * chunks + chunk) * count + k) * channels + channel];
    };
    constexpr int ahead = 8;  // loads on the way together, times count
    std::int64_t chunk = channel < channels ? chunk_lane : chunks;
    for (; chunk + (ahead - 1) * chunk_lanes < chunks; chunk += ahead * chunk_lanes) {
      double held[ahead][count];
#pragma unroll
      for (int i = 0; i < ahead; ++i)
#pragma unroll
        for (int k = 0; k < count; ++k) held[i][k] = at(chunk + i * chunk_lanes, k);
#pragma unroll
      for (int i = 0; i < ahead; ++i)
#pragma unroll
        for (int k = 0; k < count; ++k) total[k] += held[i][k];
    }
#pragma unroll 1
    for (; chunk < chunks; chunk += chunk_lanes)
#pragma unroll
      for (int k = 0; k < count; ++k) total[k] += at(chunk, k);
    for (int k = 0; k < count; ++k) shared[k][chunk_lane][lane] = total[k];
    for (int half = chunk_lanes / 2; half > 0; half /= 2) {
      __syncthreads();
      if (chunk_lane < half)
        for (int k = 0; k < count; ++k)
          shared[k][chunk_lane][lane] += shared[k][chunk_lane + half][lane];
    }
    if (chunk_lane == 0 && channel < channels) {  // reads what it wrote itself
      for (int k = 0; k < count; ++k) total[k] = shared[k][0][lane];
      finish.group(group, channel, total);
    }
    __syncthreads();
  }
  if (chunk_lane == 0 && channel < channels) finish.end(channel);
}

/// Starts it: 8 channels per block, or 32 where there are so many that blocks are plenty.
template <int count, class Finish>
void launch_finish_sums(std::int64_t groups, std::int64_t chunks, std::int64_t channels,
                        const Tensor& partial, const Finish& finish) {
  if (channels > 4096)
    launch(finish_sums<count, 32, Finish>, dim3(unsigned(divide_up(channels, 32))), kThreads, 0,
           groups, chunks, channels, partial.data<double>(), finish);
  else
    launch(finish_sums<count, 8, Finish>, dim3(unsigned(divide_up(channels, 8))), kThreads, 0,
           groups, chunks, channels, partial.data<double>(), finish);
}

/// Stores a sum over all rows, divided, in any float type.
struct StoreSum {
  void* y;
  DType dtype;
  double divisor;
  __device__ void group(std::int64_t, std::int64_t channel, const double (&total)[1]) const {
    const double value = total[0] / divisor;
    if (dtype == DType::f64)
      static_cast<double*>(y)[channel] = value;
    else if (dtype == DType::f32)
      static_cast<float*>(y)[channel] = float(value);
    else
      static_cast<BFloat16*>(y)[channel] = convert_value<BFloat16>(value);
  }
  __device__ void end(std::int64_t) const {}
};

/// Both kernels. Number: what runs are added in.
template <int V, int count, class Number, class Term, class Finish>
void sum_rows(std::int64_t groups, std::int64_t rows, std::int64_t channels, Device device,
              const Term& term, const Finish& finish, std::int64_t min_rows = 8) {
  const Rows r(groups, rows, channels, V, min_rows);
  const std::int64_t chunks = r.grid.x;
  const Tensor partial({groups, chunks, count, channels}, DType::f64, device);
  launch(partial_sums<V, count, Number, Term>, r.grid, kThreads, 0, r, term,
         partial.data<double>());
  launch_finish_sums<count>(groups, chunks, channels, partial, finish);
}

/// Calls f.template operator()<V>() with the widest V that the channels and addresses allow.
/// `bytes`: packs of as many elements, one byte each; may be null.
template <class T, class F>
void dispatch_width(std::int64_t channels, std::initializer_list<const T*> addresses,
                    const std::uint8_t* bytes, F&& f) {
  constexpr int V = std::is_same_v<T, double> ? 1 : kPack<T>;
  bool wide = channels % V == 0;
  for (const T* address : addresses) wide = wide && packable<T, V>(address);
  wide = wide && packable<std::uint8_t, V>(bytes);
  if (wide)
    f.template operator()<V>();
  else
    f.template operator()<1>();
}

template <class T, class F>
void dispatch_width(std::int64_t channels, std::initializer_list<const T*> addresses, F&& f) {
  dispatch_width<T>(channels, addresses, nullptr, std::forward<F>(f));
}

}  // namespace voxgrad::cuda
