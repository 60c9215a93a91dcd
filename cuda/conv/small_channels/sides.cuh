// A direction of a convolution as the kernels of small_channels.h see it, and how its results are
// shared among blocks.
#pragma once

#include <algorithm>

#include "cuda/conv/small_channels/tile.cuh"

namespace voxgrad::cuda::small_channels {

/// One direction, seen from its result. flipped: backward_data of stride 1, a forward pass with a
/// flipped kernel.
struct ConvSides {
  int source[3], result[3], padding[3];
  int source_channels, result_channels;
  int kernel, stride;
  bool transposed, flipped;

  ConvSides(const ConvGeometry& g, bool backward)
      : source_channels(int(backward ? g.out_channels : g.in_channels)),
        result_channels(int(backward ? g.in_channels : g.out_channels)),
        kernel(int(g.kernel[2])),
        stride(int(g.stride[2])),
        transposed(backward),
        flipped(backward && g.stride[2] == 1) {
    for (int axis = 0; axis < 3; ++axis) {
      source[axis] = int(backward ? g.output[axis] : g.input[axis]);
      result[axis] = int(backward ? g.input[axis] : g.output[axis]);
      padding[axis] = int(flipped ? g.kernel[axis] - 1 - g.padding[axis] : g.padding[axis]);
    }
  }
};

/// Pixels of a row that a block takes at most: what the tiles (tile.cuh) and planes
/// (tensor_core/plane.cuh) have room for.
constexpr int max_width = 34;

/// How results are shared among blocks: rows are cut into parts of `width` pixels, so that
/// `columns` of them cover the plane's width; a block takes `threads` pixels of such a column, row
/// by row.
struct Cut {
  int width, columns, blocks;  // blocks per column
  int depths;                  // blocks along the depth

  Cut(const int (&result)[3], int threads, int depth)
      : columns(int(divide_up(result[2], max_width))) {
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

inline dim3 grid_of(std::int64_t blocks) {
  check(blocks < (std::int64_t{1} << 31), "[conv] too many pixels for one launch: ", blocks,
        " blocks. Use a smaller batch");
  return dim3(unsigned(blocks));
}

/// This block's part of a plane of the given extents: `count` pixels of a column.
struct Part {
  /// Counted from the part's first row and column.
  struct Pixel {
    int row, column;
    bool inside;
  };
  int first_row, rows, first_column;
  int depth;  // block along the depth
  std::int64_t sample;

  __device__ Part(const Cut& cut, const int (&extent)[3], int count)
      : width_(cut.width), end_(extent[2]) {
    unsigned rest = blockIdx.x;
    const int first = int(rest % unsigned(cut.blocks)) * count;
    rest /= unsigned(cut.blocks);
    first_column = int(rest % unsigned(cut.columns)) * cut.width;
    rest /= unsigned(cut.columns);
    depth = int(rest % unsigned(cut.depths));
    sample = rest / unsigned(cut.depths);
    first_row = first / cut.width;
    skipped_ = first - first_row * cut.width;
    const int last = (first + count - 1) / cut.width;
    rows = (last < extent[1] ? last + 1 : extent[1]) - first_row;
  }
  __device__ Pixel pixel(int i) const {
    const int at = skipped_ + i, row = at / width_, column = at % width_;
    return {row, column, row < rows && first_column + column < end_};
  }

 private:
  int width_, end_, skipped_;
};

}  // namespace voxgrad::cuda::small_channels
