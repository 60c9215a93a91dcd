// Crop, resize, background and colours of one picture in a single pass over the result.
//
// The colours are mapped before the picture is resized, on its own fewer pixels: an affine map and
// an interpolation whose weights sum to 1 may change places. The flip is in the taps, the order of
// the channels in the map.
#pragma once

#include <array>
#include <vector>

#include "datasets/transforms/color_matrix.h"
#include "datasets/transforms/crop.h"
#include "datasets/transforms/resize.h"

namespace voxgrad {

class ImageResampler {
 public:
  /// background: the colour B, G, R in [0,1] of pixels whose resized alpha is exactly 0.
  /// with_mean: mean_color() will be asked for.
  ImageResampler(const Image& picture, const CropArea& area, int size, bool flip,
                 const std::array<float, 3>& background, bool with_mean);

  /// The mean B, G, R of the resized picture with its background, before any map.
  std::array<double, 3> mean_color();
  /// Writes f32 [size,size,3].
  void write(const ColorMatrix& map, float* result);

 private:
  /// A row as lines of floats: B, G, R and alpha, in [0,1] before the map.
  struct Planes {
    explicit Planes(std::size_t floats);
    std::array<std::vector<float>, 4> line;
    int source_y = -1;  // of the picture
  };

  bool has_alpha() const { return picture_.channels % 2 == 0; }
  void unpack(int source_y);
  void scan(bool with_mean);
  const std::uint8_t* shown_in(int source_y) const;
  bool shows(int source_y) const;
  void blend(int y, const float* const (&above)[3], const float* const (&below)[3],
             const float (&background)[3], float* line) const;
  std::int64_t count_background() const;
  const Planes& resized(int source_y, const float (&map)[3][4]);

  const Image& picture_;
  const int size_;
  const std::array<float, 3> background_;
  const Taps columns_, rows_;
  const LineResizer line_resizer_;
  const int left_, width_, top_;  // of the picture, what is used
  Planes source_, mapped_;        // one row of it
  std::array<Planes, 2> cache_;   // the last two rows, resized
  std::size_t oldest_ = 0;
  std::vector<std::uint8_t> shown_;   // 0 or 1: resized lines of all rows, 0 where alpha is 0
  int first_shown_ = 0, last_shown_;  // columns of the result with more than background
  bool hidden_color_ = false;         // somewhere under an alpha of 0
  std::array<double, 3> sums_{};      // of the resized B, G, R without a background
};

}  // namespace voxgrad
