#include "datasets/transforms.h"

#include <algorithm>
#include <cmath>

#include "datasets/color_map.h"
#include "datasets/crop.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

/// Gives pixels with alpha 0 the background colour, drops alpha, and adds the row to `sums`.
void put_background(const float* row, int size, const std::array<float, 3>& background,
                    float* result, std::array<double, 3>& sums) {
  std::array<float, 3> row_sums{};
  for (int x = 0; x < size; ++x) {
    const float* pixel = row + 4 * x;
    const bool empty = pixel[3] == 0.0f;
    for (std::size_t c = 0; c < 3; ++c) {
      const float value = empty ? background[c] : pixel[c];
      result[3 * std::size_t(x) + c] = value;
      row_sums[c] += value;
    }
  }
  for (std::size_t c = 0; c < 3; ++c) sums[c] += row_sums[c];
}

/// Maps the colours of one row of B, G, R, from its end if flipped.
void map_row(const float* row, int size, bool flip, const ColorMap& map, float* result) {
  float m[3][4];
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t i = 0; i < 4; ++i) m[c][i] = float(map[c][i]);
  const auto map_pixel = [&m](const float* in, float* out) {
    for (int c = 0; c < 3; ++c)
      out[c] = m[c][0] * in[0] + m[c][1] * in[1] + m[c][2] * in[2] + m[c][3];
  };
  if (flip)
    for (int x = 0; x < size; ++x) map_pixel(row + 3 * (size - 1 - x), result + 3 * x);
  else
    for (int x = 0; x < size; ++x) map_pixel(row + 3 * x, result + 3 * x);
}

}  // namespace

void transform_view(const Image& picture, const std::optional<Box>& box,
                    const AugmentationDraw& draw, int view, const TransformOptions& options,
                    float* result) {
  check(picture.width >= 1 && picture.height >= 1 && picture.channels >= 1 && picture.channels <= 4,
        "[transform] a picture needs pixels and 1 to 4 channels, got ", picture.width, "x",
        picture.height, "x", picture.channels);
  const AugmentationDraw::View& view_draw = draw.views.at(std::size_t(view));
  const int size = options.size;
  std::array<float, 3> background;
  for (std::size_t c = 0; c < 3; ++c) background[c] = float(draw.background[c]) / 255.0f;

  CropResizer resizer(picture, crop_area(picture, box, view_draw, options.crop), size);
  std::vector<float> row(4 * std::size_t(size));
  const auto result_row = [&](int y) { return result + std::size_t(y) * 3 * std::size_t(size); };
  std::array<double, 3> mean{};
  for (int y = 0; y < size; ++y) {
    resizer.row(y, row.data());
    put_background(row.data(), size, background, result_row(y), mean);
  }
  for (double& value : mean) value /= double(size) * size;

  const ColorMap map = color_map(draw, mean);
  for (int y = 0; y < size; ++y) {
    std::copy_n(result_row(y), 3 * size, row.data());
    map_row(row.data(), size, view_draw.flip, map, result_row(y));
  }
}

Tensor preprocess(const std::vector<Image>& pictures, const TransformOptions& options,
                  const std::optional<Box>& box) {
  check(!pictures.empty(), "[preprocess] needs at least one picture");
  check_transform_options(options);
  const auto n_views = std::int64_t(pictures.size());
  const Tensor result({n_views, options.size, options.size, 3});
  const AugmentationDraw draw = plain_draw(int(n_views), options);
  for (std::int64_t v = 0; v < n_views; ++v)
    transform_view(pictures[std::size_t(v)], box, draw, int(v), options,
                   result.slice(v, v + 1).data<float>());
  return result;
}

Image picture_of_input(const Tensor& input) {
  const Shape& shape = input.shape();
  check(shape.rank() == 3 && shape[2] == 3, "[picture_of_input] expects [height,width,3], got ",
        shape);
  const int height = int(shape[0]), width = int(shape[1]);
  Image picture(width, height, 3);
  const float* in = input.data<float>();
  for (std::int64_t pixel = 0; pixel < shape.rows(); ++pixel)
    for (int c = 0; c < 3; ++c) {
      const float value = (in[3 * pixel + c] * 0.5f + 0.5f) * 255.0f;
      picture.pixels[std::size_t(3 * pixel + 2 - c)] =
          std::uint8_t(std::clamp(std::lround(value), 0L, 255L));
    }
  return picture;
}

}  // namespace voxgrad
