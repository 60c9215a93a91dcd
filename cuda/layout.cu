// Kernels that move elements. They work on sizes of elements, so every dtype goes.
#include <algorithm>
#include <vector>

#include "cuda/kernels.h"
#include "cuda/runtime/launch.cuh"

namespace voxgrad::cuda {
namespace {

struct Bytes16 {
  std::uint64_t low, high;
};

/// Calls f.template operator()<Unit>() with a type of so many bytes: a power of two up to 16.
template <class F>
void dispatch_unit(std::size_t bytes, F&& f) {
  switch (bytes) {
    case 1:
      return f.template operator()<std::uint8_t>();
    case 2:
      return f.template operator()<std::uint16_t>();
    case 4:
      return f.template operator()<std::uint32_t>();
    case 8:
      return f.template operator()<std::uint64_t>();
    default:
      return f.template operator()<Bytes16>();
  }
}

/// A permutation without what does not matter: extents of 1 are left out, and dimensions that stay
/// neighbours are joined. y's extents, and how far a step along them is in x.
struct Steps {
  int rank = 0;
  std::int64_t extent[Shape::max_rank], step[Shape::max_rank];

  Steps(const Shape& x, const Permutation& order) {
    for (int i = 0; i < x.rank(); ++i) {
      const std::int64_t length = x[order[i]];
      if (length == 1) continue;
      std::int64_t distance = 1;
      for (int j = order[i] + 1; j < x.rank(); ++j) distance *= x[j];
      if (rank > 0 && step[rank - 1] == length * distance) {
        extent[rank - 1] *= length;
        step[rank - 1] = distance;
      } else {
        extent[rank] = length;
        step[rank] = distance;
        ++rank;
      }
    }
  }
};

template <class Unit>
__global__ void gather(std::int64_t n, Steps steps, const Unit* x, Unit* y) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
    std::int64_t rest = i, from = 0;
    for (int dim = steps.rank - 1; dim >= 0; --dim) {
      from += rest % steps.extent[dim] * steps.step[dim];
      rest /= steps.extent[dim];
    }
    y[i] = x[from];
  }
}

constexpr int kTile = 32;

/// y[b][i][j] = x[b][j][i], i < rows, j < columns: tiles go through shared memory, so that reads
/// and writes are both of neighbours.
template <class Unit>
__global__ void transpose(std::int64_t rows, std::int64_t columns, const Unit* x, Unit* y) {
  __shared__ Unit tile[kTile][kTile + 1];
  const std::int64_t across = (columns + kTile - 1) / kTile, down = (rows + kTile - 1) / kTile;
  const std::int64_t column = std::int64_t(blockIdx.x) % across * kTile;
  const std::int64_t row = std::int64_t(blockIdx.x) / across % down * kTile;
  const std::int64_t start = std::int64_t(blockIdx.x) / across / down * rows * columns;
  const int lane = int(threadIdx.x) % kTile, first = int(threadIdx.x) / kTile;
  for (int j = first; j < kTile; j += kThreads / kTile)
    if (column + j < columns && row + lane < rows)
      tile[j][lane] = x[start + (column + j) * rows + row + lane];
  __syncthreads();
  for (int i = first; i < kTile; i += kThreads / kTile)
    if (row + i < rows && column + lane < columns)
      y[start + (row + i) * columns + column + lane] = tile[lane][i];
}

void permute(const Tensor& x, const Permutation& order, const Tensor& y) {
  const OpScope op("permute", x, y);
  const std::int64_t n = y.numel();
  if (n == 0) return;
  const Steps s(x.shape(), order);
  if (s.rank <= 1) {
    check_cuda(cudaMemcpyAsync(y.raw(), x.raw(), y.bytes(), cudaMemcpyDefault, current_stream()),
               "cudaMemcpy");
    return;
  }
  // The last two dimensions change places, the one before them (if any) stays.
  const int a = s.rank - 2, b = s.rank - 1;
  const bool tiled = s.rank <= 3 && s.step[a] == 1 && s.step[b] == s.extent[a] &&
                     (s.rank == 2 || s.step[0] == s.extent[a] * s.extent[b]);
  dispatch_unit(size_of(x.dtype()), [&]<class Unit>() {
    const auto* in = static_cast<const Unit*>(x.raw());
    auto* out = static_cast<Unit*>(y.raw());
    if (tiled) {
      const std::int64_t blocks = divide_up(s.extent[a], kTile) * divide_up(s.extent[b], kTile) *
                                  (n / s.extent[a] / s.extent[b]);
      launch(transpose<Unit>, dim3(unsigned(blocks)), kThreads, 0, s.extent[a], s.extent[b], in,
             out);
    } else {
      launch(gather<Unit>, blocks_for(n), kThreads, 0, n, s, in, out);
    }
  });
}

template <class Unit>
__global__ void copy_columns(std::int64_t rows, std::int64_t width, const Unit* from,
                             std::int64_t from_stride, Unit* to, std::int64_t to_stride) {
  for (std::int64_t i = thread_index(); i < rows * width; i += thread_count()) {
    const std::int64_t row = i / width, column = i % width;
    to[row * to_stride + column] = from[row * from_stride + column];
  }
}

/// Copies `width` channels of every row between tensors with other numbers of channels, in the
/// largest units that fit.
void copy_channels(const Tensor& from, std::int64_t from_channel, const Tensor& to,
                   std::int64_t to_channel, std::int64_t width) {
  const std::size_t size = size_of(from.dtype());
  const std::size_t from_stride = std::size_t(from.shape()[-1]) * size;
  const std::size_t to_stride = std::size_t(to.shape()[-1]) * size;
  const char* source = static_cast<const char*>(from.raw()) + std::size_t(from_channel) * size;
  char* target = static_cast<char*>(to.raw()) + std::size_t(to_channel) * size;
  const std::size_t bytes = std::size_t(width) * size;
  if (bytes == 0) return;
  const std::size_t common = from_stride | to_stride | bytes |
                             reinterpret_cast<std::uintptr_t>(source) |
                             reinterpret_cast<std::uintptr_t>(target);
  const std::size_t unit = std::min<std::size_t>(16, common & (~common + 1));
  dispatch_unit(unit, [&]<class Unit>() {
    const std::int64_t rows = to.shape().rows(), columns = std::int64_t(bytes / unit);
    launch(copy_columns<Unit>, blocks_for(rows * columns), kThreads, 0, rows, columns,
           reinterpret_cast<const Unit*>(source), std::int64_t(from_stride / unit),
           reinterpret_cast<Unit*>(target), std::int64_t(to_stride / unit));
  });
}

void concat_channels(const Tensor& a, const Tensor& b, const Tensor& y) {
  const OpScope op("concat_channels", a, b, y);
  copy_channels(a, 0, y, 0, a.shape()[-1]);
  copy_channels(b, 0, y, a.shape()[-1], b.shape()[-1]);
}

void slice_channels(const Tensor& x, std::int64_t begin, const Tensor& y) {
  const OpScope op("slice_channels", x, y);
  copy_channels(x, begin, y, 0, y.shape()[-1]);
}

}  // namespace

const LayoutOps layout_ops{permute, concat_channels, slice_channels};

}  // namespace voxgrad::cuda
