// Bilinear resizing of rows of floats (half-pixel centres, edges clamped, no antialiasing).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace voxgrad {

/// For every result of a line its tap (functors::tap_of in tensor/ops/image_functors.h).
struct Taps {
  std::vector<int> first, second;
  std::vector<float> weight;

  /// `size` results from the `extent` pixels that start at `origin` of a line of `limit` pixels;
  /// pixels outside the line repeat its ends. `flip` turns the results' order round.
  Taps(int origin, int extent, int limit, int size, bool flip);
  int size() const { return int(first.size()); }
  int lowest() const;
  int highest() const;
  /// How much each pixel from lowest() to highest() adds to the sum of all results.
  std::vector<float> shares() const;
};

/// 16 neighbours in the result. Their sources are neighbours too, unless the picture shrinks much:
/// then a few vectors of sources, each as long as those of the level in use, hold them all.
struct ResizeBlock {
  static constexpr int lanes = 16;
  alignas(64) std::int32_t first[lanes];  // from its vector's base on
  alignas(64) std::int32_t second[lanes];
  alignas(64) float weight[lanes];
  int base[lanes] = {};  // of each vector of results, in the line
  bool near = false;     // every vector's sources are in the vector from its base on
};

/// Applies taps to many lines of floats.
class LineResizer {
 public:
  /// Lines handed to resize() start at pixel taps.lowest().
  explicit LineResizer(const Taps& taps);
  /// Floats that resize() may read from a line and write to a result: more than are used.
  std::size_t source_floats() const { return source_floats_; }
  std::size_t result_floats() const { return blocks_.size() * ResizeBlock::lanes; }
  void resize(const float* line, float* result) const;

 private:
  std::vector<ResizeBlock> blocks_;
  std::size_t source_floats_ = 0;
};

}  // namespace voxgrad
