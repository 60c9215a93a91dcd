#include "datasets/transforms/transforms.h"

#include <algorithm>
#include <cmath>

#include "datasets/transforms/clear_pixels.h"
#include "datasets/transforms/color_matrix.h"
#include "datasets/transforms/crop.h"
#include "datasets/transforms/image_resampler.h"
#include "datasets/transforms/picture_widening.h"
#include "tensor/error.h"

namespace voxgrad {

void check_picture(const Image& picture) {
  check(picture.width >= 1 && picture.height >= 1 && picture.channels >= 1 && picture.channels <= 4,
        "[transform] a picture needs pixels and 1 to 4 channels, got ", picture.width, "x",
        picture.height, "x", picture.channels);
}

void transform_view(const Image& given, const std::optional<Box>& box, const AugmentationDraw& draw,
                    int view, const TransformOptions& options, float* result) {
  check_picture(given);
  const AugmentationDraw::View& view_draw = draw.views.at(std::size_t(view));
  const std::optional<Image> widened = widened_picture(given, view_draw.widening);
  const Image& shown = widened ? *widened : given;
  const std::optional<Image> filled =
      with_clear_pixels_filled(shown, draw.background, options.min_alpha);
  const Image& picture = filled ? *filled : shown;
  std::array<float, 3> background;
  for (std::size_t c = 0; c < 3; ++c) background[c] = float(draw.background[c]) / 255.0f;
  const bool with_mean = draw.contrast != 1;  // contrast blends with it
  ImageResampler resizer(picture, crop_area(picture, box, view_draw, options.crop), options.size,
                         view_draw.flip, background, with_mean);
  const auto mean = with_mean ? resizer.mean_color() : std::array<double, 3>{};
  resizer.write(color_matrix(draw, mean), result);
}

Tensor preprocess(const std::vector<Image>& pictures, const TransformOptions& options,
                  const std::optional<Box>& box) {
  check(!pictures.empty(), "[preprocess] needs at least one picture");
  check_transform_options(options);
  const auto n_views = std::int64_t(pictures.size());
  Tensor result({n_views, options.size, options.size, 3});
  const AugmentationDraw draw = no_augmentation(int(n_views), options);
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
