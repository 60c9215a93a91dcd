#include "datasets/transforms/deferred_view.h"

#include <cstring>
#include <vector>

#include "datasets/transforms/clear_pixels.h"
#include "datasets/transforms/color_matrix.h"
#include "datasets/transforms/crop.h"
#include "datasets/transforms/picture_widening.h"
#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

std::size_t aligned(std::size_t bytes) {
  return (bytes + image_alignment - 1) / image_alignment * image_alignment;
}

/// The colour map is affine in the picture's mean, which only the device will know.
void set_color(ImageParameters& parameters, const AugmentationDraw& draw) {
  const ColorMatrix without = color_matrix(draw, {0, 0, 0});
  for (std::size_t c = 0; c < 3; ++c)
    for (std::size_t i = 0; i < 4; ++i) parameters.map[c][i] = without[c][i];
  parameters.needs_mean = draw.contrast != 1 ? 1 : 0;
  for (std::size_t i = 0; parameters.needs_mean && i < 3; ++i) {
    std::array<double, 3> unit{};
    unit[i] = 1;
    const ColorMatrix with = color_matrix(draw, unit);
    for (std::size_t c = 0; c < 3; ++c) parameters.mean_share[c][i] = with[c][3] - without[c][3];
  }
}

template <class Owner>
std::shared_ptr<const std::uint8_t> bytes_of(const std::shared_ptr<Owner>& owner,
                                             const void* bytes) {
  return {owner, static_cast<const std::uint8_t*>(bytes)};
}

}  // namespace

DeferredView pack_view(const std::shared_ptr<const Image>& given, const std::optional<Box>& box,
                       const AugmentationDraw& draw, int view, const TransformOptions& options) {
  check_picture(*given);
  const AugmentationDraw::View& view_draw = draw.views.at(std::size_t(view));
  std::optional<Image> widened = widened_picture(*given, view_draw.widening);
  const std::shared_ptr<const Image> shown =
      widened ? std::make_shared<const Image>(*std::move(widened)) : given;
  std::optional<Image> filled =
      with_clear_pixels_filled(*shown, draw.background, options.min_alpha);
  const std::shared_ptr<const Image> picture =
      filled ? std::make_shared<const Image>(*std::move(filled)) : shown;
  DeferredView result;
  ImageParameters& parameters = result.parameters;
  const std::size_t floats = 3 * std::size_t(options.size) * std::size_t(options.size);
  if (picture->pixels.size() > floats * sizeof(float)) {
    const auto finished = std::make_shared<std::vector<float>>(floats);
    transform_view(*given, box, draw, view, options, finished->data());
    result.bytes = bytes_of(finished, finished->data());
    result.size = floats * sizeof(float);
    return result;
  }
  const CropArea area = crop_area(*picture, box, view_draw, options.crop);
  parameters.width = picture->width;
  parameters.height = picture->height;
  parameters.channels = picture->channels;
  parameters.left = area.left;
  parameters.top = area.top;
  parameters.area_width = area.width;
  parameters.area_height = area.height;
  parameters.flip = view_draw.flip ? 1 : 0;
  for (std::size_t c = 0; c < 3; ++c) parameters.background[c] = float(draw.background[c]) / 255.0f;
  set_color(parameters, draw);
  result.bytes = bytes_of(picture, picture->pixels.data());
  result.size = picture->pixels.size();
  return result;
}

std::size_t packed_bytes(std::span<const DeferredView> views) {
  std::size_t bytes = aligned(views.size() * sizeof(ImageParameters));
  for (const DeferredView& view : views) bytes += aligned(view.size);
  return bytes;
}

void write_packed(std::span<const DeferredView> views, std::uint8_t* block) {
  std::size_t offset = aligned(views.size() * sizeof(ImageParameters));
  for (std::size_t i = 0; i < views.size(); ++i) {
    ImageParameters parameters = views[i].parameters;
    parameters.offset = std::int64_t(offset);
    std::memcpy(block + i * sizeof(parameters), &parameters, sizeof(parameters));
    std::memcpy(block + offset, views[i].bytes.get(), views[i].size);
    offset += aligned(views[i].size);
  }
}

Tensor unpack_views(std::span<const DeferredView> views, int size) {
  const Tensor packed({std::int64_t(packed_bytes(views))}, DType::u8);
  write_packed(views, packed.data<std::uint8_t>());
  Tensor result({std::int64_t(views.size()), size, size, 3});
  backend(Device::cpu()).images.transform(packed, result);
  return result;
}

}  // namespace voxgrad
