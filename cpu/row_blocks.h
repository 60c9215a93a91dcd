// Channels-last tensors read as groups of rows of C channels, for kernels with per-channel values.
// Rows of few channels are taken several at a time as one wide row, so that inner loops are long
// enough for vector instructions for any C. Wide rows are bundled into blocks of a fixed size:
// the unit of work of a thread, and of the sums, whose order never depends on the thread count.
#pragma once

#include <algorithm>

#include "cpu/parallel.h"
#include "tensor/tensor.h"

namespace voxgrad::cpu {

struct RowBlocks {
  std::int64_t groups;
  std::int64_t channels;
  std::int64_t group_size;        // elements per group
  std::int64_t width;             // elements per wide row: a multiple of channels
  std::int64_t block_size;        // elements per block: a multiple of width
  std::int64_t blocks_per_group;  // the last block, and its last wide row, may be short

  RowBlocks(std::int64_t group_count, std::int64_t rows_per_group, std::int64_t channel_count)
      : groups(group_count), channels(channel_count), group_size(rows_per_group * channel_count) {
    constexpr std::int64_t min_width = 256;
    constexpr std::int64_t default_block = 16384;
    width = channels * std::max<std::int64_t>(1, min_width / channels);
    block_size = width * std::max<std::int64_t>(1, default_block / width);
    blocks_per_group = (group_size + block_size - 1) / block_size;
  }

  /// body(group, block, begin, end): a block's number among all blocks, and its elements.
  template <class Body>
  void for_each_block(Body body) const {
    for_each_task(groups * blocks_per_group, block_size, [&](std::int64_t block) {
      const std::int64_t group = block / blocks_per_group;
      const std::int64_t start = (block % blocks_per_group) * block_size;
      const std::int64_t end = std::min(start + block_size, group_size);
      body(group, block, group * group_size + start, group * group_size + end);
    });
  }

  /// body(group, begin, length): every wide row.
  template <class Body>
  void for_each_wide_row(Body body) const {
    for_each_block([&](std::int64_t group, std::int64_t, std::int64_t begin, std::int64_t end) {
      for (std::int64_t row = begin; row < end; row += width)
        body(group, row, std::min(width, end - row));
    });
  }

  /// [groups, width]: value(group, channel), repeated along a wide row.
  template <class T, class Value>
  Tensor repeat(Value value) const {
    Tensor result({groups, width}, dtype_of<T>);
    T* out = result.data<T>();
    for (std::int64_t group = 0; group < groups; ++group, out += width) {
      for (std::int64_t c = 0; c < channels; ++c) out[c] = T(value(group, c));
      for (std::int64_t j = channels; j < width; ++j) out[j] = out[j - channels];
    }
    return result;
  }

  /// f64 [groups, count, channels]: `count` sums over the rows of each group.
  /// add(group, begin, end, sums) adds the wide rows of a block to sums[0..width),
  /// sums[width..2 width), ...
  /// Within a block, at most 64 rows, sums are of type Sum; blocks are added up in double. So float
  /// costs a part in 10^7 at the most, and its vectors hold twice as many elements.
  template <int count, class Sum, class Add>
  Tensor sum_rows(Add add) const {
    Tensor partial({groups * blocks_per_group, count * width}, dtype_of<Sum>);
    Sum* const partials = partial.data<Sum>();
    for_each_block(
        [&](std::int64_t group, std::int64_t block, std::int64_t begin, std::int64_t end) {
          Sum* sums = partials + block * count * width;
          std::fill_n(sums, count * width, Sum(0));
          add(group, begin, end, sums);
        });
    Tensor result({groups, count, channels}, DType::f64);
    double* const totals = result.data<double>();
    for_each_task(groups * count, blocks_per_group * width, [&](std::int64_t i) {
      const std::int64_t group = i / count;
      double* total = totals + i * channels;
      std::fill_n(total, channels, 0.0);
      for (std::int64_t block = 0; block < blocks_per_group; ++block) {
        const Sum* sums =
            partials + ((group * blocks_per_group + block) * count + i % count) * width;
        for (std::int64_t j = 0; j < width; j += channels)
          for (std::int64_t c = 0; c < channels; ++c) total[c] += double(sums[j + c]);
      }
    });
    return result;
  }
};

}  // namespace voxgrad::cpu
