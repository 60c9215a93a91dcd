// Bilinear resizing of rows of floats (half-pixel centres, edges clamped, no antialiasing).
#pragma once

#include <cstdint>
#include <vector>

namespace voxgrad {

/// For every result of a line its tap (functors::tap_of in tensor/ops/image_ops.h).
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

/// Applies taps to many lines of floats.
class LineResizer {
 public:
  /// Lines handed to resize() start at pixel taps.lowest().
  explicit LineResizer(const Taps& taps);
  /// Floats that resize() may read from a line and write to a result: more than are used.
  std::size_t source_floats() const { return source_floats_; }
  std::size_t result_floats() const { return blocks_.size() * lanes; }
  void resize(const float* line, float* result) const;

 private:
  static constexpr int lanes = 16;
  /// Neighbours in the result, whose sources are neighbours too unless the picture shrinks much.
  struct Block {
    alignas(64) std::int32_t first[lanes];  // from base on
    alignas(64) std::int32_t second[lanes];
    alignas(64) float weight[lanes];
    int base = 0;
    bool near = false;  // all sources are among the `lanes` pixels from base on
  };
  static void resize_near(const Block& block, const float* source, float* result);
  static void resize_far(const Block& block, const float* source, float* result);

  std::vector<Block> blocks_;
  std::size_t source_floats_ = 0;
};

}  // namespace voxgrad
