#include "pix2vox/prediction/photo.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "datasets/transforms/crop.h"
#include "pix2vox/prediction/cut_out.h"
#include "pix2vox/prediction/grab_cut.h"
#include "pix2vox/prediction/object_mask.h"
#include "pix2vox/prediction/photo_doctor.h"
#include "pix2vox/prediction/plain_background.h"
#include "voxels/image/contact_sheet.h"

namespace voxgrad {
namespace {

// Side of the picture in which the object is looked for; GrabCut takes long on larger ones.
constexpr int search_side = 512, grab_cut_side = 320;
// Of the picture's sides, on every side of the box in which GrabCut looks for the object.
constexpr double centred_margin = 0.08;
// Backgrounds at least this light, in every channel, are like those of training.
constexpr int light = 200;
// Specks are dropped, of less than this share of the largest part of the object.
constexpr double speck = 0.01;

struct FoundObject {
  Image mask;
  CutOut cut_out = CutOut::none;
  std::optional<PlainBackground> background{};
};

void check_options(const Image& photo, const PhotoOptions& options) {
  if (options.box) {
    const PixelBox& box = *options.box;
    check<ConfigError>(box.left >= 0 && box.top >= 0 && box.width >= 1 && box.height >= 1 &&
                           box.left < photo.width && box.width <= photo.width - box.left &&
                           box.top < photo.height && box.height <= photo.height - box.top,
                       "the box ", box.left, ",", box.top, ",", box.width, ",", box.height,
                       " (left, top, width, height) is not inside the picture, which is ",
                       photo.width, "x", photo.height);
  }
  if (options.mask) {
    const Image& mask = *options.mask;
    const double shape = double(mask.width) * photo.height / (double(mask.height) * photo.width);
    check<ConfigError>(shape > 0.97 && shape < 1.03, "the mask is ", mask.width, "x", mask.height,
                       ", of other proportions than the picture, which is ", photo.width, "x",
                       photo.height);
  }
}

/// Nearest pixels, as sharp as it was.
Image scaled_mask(const Image& mask, int width, int height) {
  Image result(width, height, 1);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      *result.at(x, y) = *mask.at(std::min(mask.width - 1, int((x + 0.5) * mask.width / width)),
                                  std::min(mask.height - 1, int((y + 0.5) * mask.height / height)));
  return result;
}

/// The object is light, or opaque where the mask has alpha.
Image given_mask(const Image& given, int width, int height) {
  Image mask(given.width, given.height, 1);
  if (has_clear_pixels(given, 128))
    mask = mask_of_alpha(given, 128);
  else
    for (std::size_t i = 0; i < mask.pixels.size(); ++i)
      mask.pixels[i] = given.pixels[i * std::size_t(given.channels)] >= 128 ? 255 : 0;
  return scaled_mask(mask, width, height);
}

PixelBox scaled_box(const PixelBox& box, const Image& from, const Image& to) {
  const double x = double(to.width) / from.width, y = double(to.height) / from.height;
  const int left = std::min(to.width - 1, int(box.left * x));
  const int top = std::min(to.height - 1, int(box.top * y));
  return {left, top, std::clamp(int(std::lround(box.width * x)), 1, to.width - left),
          std::clamp(int(std::lround(box.height * y)), 1, to.height - top)};
}

void clear_outside(Image& mask, const PixelBox& box) {
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x)
      if (x < box.left || y < box.top || x >= box.left + box.width || y >= box.top + box.height)
        *mask.at(x, y) = 0;
}

PixelBox centred_box(const Image& picture) {
  const int x = std::max(1, int(std::lround(picture.width * centred_margin)));
  const int y = std::max(1, int(std::lround(picture.height * centred_margin)));
  return {x, y, std::max(1, picture.width - 2 * x), std::max(1, picture.height - 2 * y)};
}

std::optional<Image> cut_by_colors(const Image& picture, const std::optional<PixelBox>& box) {
  const Image small = shrunk(picture, grab_cut_side);
  const PixelBox inside = box ? scaled_box(*box, picture, small) : centred_box(small);
  if (inside.width == small.width && inside.height == small.height) return {};
  const std::optional<Image> mask = grab_cut(small, inside);
  if (!mask) return {};
  return scaled_mask(*mask, picture.width, picture.height);
}

/// `picture` may be the photo, scaled down; the box is in its pixels.
FoundObject find_object(const Image& picture, const Framing& framing, const PhotoOptions& options,
                        const std::optional<PixelBox>& box) {
  if (options.mask) return {given_mask(*options.mask, picture.width, picture.height), CutOut::mask};
  const int min_alpha = framing.transform.min_alpha;
  if (has_clear_pixels(picture, min_alpha))
    return {mask_of_alpha(picture, min_alpha), CutOut::alpha};
  FoundObject found{Image(picture.width, picture.height, 1)};
  if (picture.channels % 2 == 0 && options.background == PhotoOptions::Background::automatic &&
      picture.pixels[std::size_t(picture.channels) - 1] < std::max(1, min_alpha)) {
    found.cut_out = CutOut::alpha;  // all clear
    return found;
  }
  if (options.background == PhotoOptions::Background::none) return found;
  const bool known = options.background == PhotoOptions::Background::color;
  found.background =
      known ? background_of_color(picture, options.color) : model_background(picture);
  if (known || found.background->plain()) {
    found.mask = mask_against(picture, *found.background);
    drop_specks(found.mask, speck);
    fill_holes(found.mask, picture.width * picture.height / 5000);
    found.cut_out = CutOut::plain_background;
    return found;
  }
  if (std::optional<Image> mask = cut_by_colors(picture, box)) {
    found.mask = std::move(*mask);
    found.cut_out = CutOut::grab_cut;
  } else if (box) {
    std::ranges::fill(found.mask.pixels, 255);
    clear_outside(found.mask, *box);
    found.cut_out = CutOut::box;
  }
  return found;
}

/// Whether what is not the object is nearly one light colour, as behind renderings.
bool background_is_light(const Image& picture, const Image& mask) {
  const int colors = picture.channels < 3 ? 1 : 3;
  for (int c = 0; c < colors; ++c) {
    std::int64_t sum = 0, count = 0;
    int low = 255, high = 0;
    for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
      if (mask.pixels[i] != 0) continue;
      const int value = picture.pixels[i * std::size_t(picture.channels) + std::size_t(c)];
      low = std::min(low, value), high = std::max(high, value);
      sum += value, ++count;
    }
    if (count > 0 && (sum < light * count || high - low > 48)) return false;
  }
  return true;
}

/// What the network would see of the photo as it is.
CropArea window_of(const Image& photo, const Framing& framing) {
  if (!framing.squeeze && is_elongated(photo)) return {0, 0, photo.width, photo.height};
  return crop_area(photo, {}, {}, framing.transform.crop);
}

CropArea scaled_area(const CropArea& area, const Image& from, const Image& to) {
  const double x = double(to.width) / from.width, y = double(to.height) / from.height;
  return {int(std::lround(area.left * x)), int(std::lround(area.top * y)),
          std::max(1, int(std::lround(area.width * x))),
          std::max(1, int(std::lround(area.height * y)))};
}

/// The side of a picture that data sets have: its middle, without 1/14 of it, is what is seen.
int prepared_side(const Framing& framing) {
  const int crop = framing.transform.crop;
  return crop > 0 ? crop + crop / 14 : framing.transform.size;
}

}  // namespace

PreparedPhoto prepare_photo(const Image& photo, const Framing& framing,
                            const PhotoOptions& options) {
  check_picture(photo);
  check_options(photo, options);
  const Image small = shrunk(photo, search_side);
  std::optional<PixelBox> box;
  if (options.box) box = scaled_box(*options.box, photo, small);
  FoundObject found = find_object(small, framing, options, box);
  if (box && found.cut_out != CutOut::none) clear_outside(found.mask, *box);

  const std::optional<Component> object = bounds_of(found.mask);
  const CropArea window = window_of(photo, framing);
  const bool usual = object && place_in(found.mask, scaled_area(window, photo, small)).usual() &&
                     !is_elongated(photo);
  const bool as_trained =
      found.cut_out == CutOut::alpha ||
      (found.cut_out == CutOut::plain_background && background_is_light(small, found.mask));
  const bool keep = options.crop == PhotoOptions::Crop::automatic && usual && as_trained && !box;

  PreparedPhoto prepared{.picture = photo, .mask = found.mask, .cut_out = found.cut_out};
  if (object && options.crop != PhotoOptions::Crop::never && !keep) {
    const double scale = double(photo.width) / small.width;
    SquareArea area = area_around(*object);
    area = {area.left * scale, area.top * scale, area.side * scale};
    prepared.picture = cut_out(photo, found.mask, area, prepared_side(framing));
    prepared.reframed = true;
  } else if (object && !as_trained && found.cut_out != CutOut::none) {
    prepared.picture = with_alpha(photo, found.mask);
  }
  prepared.findings = examine({.photo = small,
                               .mask = found.mask,
                               .width = photo.width,
                               .height = photo.height,
                               .cut_out = found.cut_out,
                               .background = found.background,
                               .window = window,
                               .reframed = prepared.reframed,
                               .framing = framing});
  return prepared;
}

const char* words_of(CutOut cut_out) {
  switch (cut_out) {
    case CutOut::none:
      return "not cut out";
    case CutOut::mask:
      return "the mask";
    case CutOut::alpha:
      return "alpha";
    case CutOut::plain_background:
      return "a plain background";
    case CutOut::grab_cut:
      return "GrabCut";
    case CutOut::box:
      return "the box";
  }
  return "";
}

Image photo_sheet(const Image& photo, const PreparedPhoto& prepared, const Image& seen) {
  constexpr int cell = 384;
  const Image pictures[] = {shrunk(photo, 2 * cell), prepared.mask, seen};
  return contact_sheet(pictures, {.cell = cell});
}

}  // namespace voxgrad
