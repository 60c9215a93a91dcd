// The numbers in a packed data set's /index (packed.h).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tensor/named_tensor.h"

namespace voxgrad::packed {

inline constexpr const char* format = "voxgrad data set";
inline constexpr std::int64_t format_version = 1;
inline constexpr std::array<const char*, 3> split_names{"train", "val", "test"};

/// Columns of index/views.
enum View : std::int64_t {
  view_chunk,
  view_offset,
  view_checksum,
  view_width,
  view_height,
  view_channels,
  view_left,
  view_top,
  view_columns,
  view_rows,
  view_border,  // its four bytes, the first lowest
  view_count
};
/// Columns of index/volumes; kind 0: a bit a voxel, the first voxel lowest; 1: f32.
enum Volume : std::int64_t {
  volume_chunk,
  volume_offset,
  volume_checksum,
  volume_side,
  volume_kind,
  volume_count
};
inline constexpr std::int64_t box_count = 5;      // columns of index/boxes: 1 or 0, then the edges
inline constexpr std::int64_t camera_count = 13;  // of index/cameras: 1 or 0, then rows
inline constexpr std::int64_t frame_count = 4;    // of index/frames: translate, scale

/// Of all tensors of the index, names too.
std::uint64_t index_checksum(const std::vector<NamedTensor>& index);

}  // namespace voxgrad::packed
