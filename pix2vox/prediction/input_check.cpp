#include "pix2vox/prediction/input_check.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "datasets/transforms/crop.h"

namespace voxgrad {
namespace {

// Largest difference of a channel (0..255) within a plain background, and from it to the object.
constexpr int max_background_difference = 24;
// How much darker than the darkest one of training a background may be: brightness is augmented.
constexpr int max_darkening = 75;
// Fraction of the object's pixels outside the crop from which it counts as cut off.
constexpr double max_cut_off = 0.02;
// Of the object's longer side, as a fraction of the side that the network sees.
constexpr double min_span = 0.4;
// Distance of the object's middle from the picture's, as a fraction of the side.
constexpr double max_offset = 0.15;

bool has_alpha(const Image& picture) {
  return picture.channels == 2 || picture.channels == 4;
}

// True where a pixel belongs to the object: by alpha if there is any transparency, else by its
// distance from the colour of the picture's corners.
class ObjectMask {
 public:
  ObjectMask(const Image& picture, int min_alpha)
      : picture_(picture), min_alpha_(std::max(1, min_alpha)) {
    if (has_alpha(picture)) {
      for (std::size_t i = picture.channels - 1; i < picture.pixels.size(); i += picture.channels)
        by_alpha_ = by_alpha_ || picture.pixels[i] < min_alpha_;
    }
    if (by_alpha_) return;
    const int right = picture.width - 1, bottom = picture.height - 1;
    const std::uint8_t* corners[] = {picture.at(0, 0), picture.at(right, 0), picture.at(0, bottom),
                                     picture.at(right, bottom)};
    for (int c = 0; c < colors(); ++c) {
      int low = 255, high = 0, total = 0;
      for (const std::uint8_t* corner : corners) {
        low = std::min<int>(low, corner[c]);
        high = std::max<int>(high, corner[c]);
        total += corner[c];
      }
      plain_ = plain_ && high - low <= max_background_difference;
      background_[c] = total / 4;
    }
  }

  bool separable() const { return by_alpha_ || plain_; }
  /// The mean grey of a plain background; none where alpha tells what is background.
  std::optional<int> background_grey() const {
    if (by_alpha_ || !plain_) return {};
    return (background_[0] + background_[colors() / 2] + background_[colors() - 1]) / 3;
  }
  bool operator()(int x, int y) const {
    const std::uint8_t* pixel = picture_.at(x, y);
    if (by_alpha_) return pixel[picture_.channels - 1] >= min_alpha_;
    int distance = 0;
    for (int c = 0; c < colors(); ++c)
      distance = std::max(distance, std::abs(pixel[c] - background_[c]));
    return distance > max_background_difference;
  }

 private:
  int colors() const { return picture_.channels < 3 ? 1 : 3; }

  const Image& picture_;
  const int min_alpha_;
  bool by_alpha_ = false;
  bool plain_ = true;
  int background_[3] = {0, 0, 0};
};

// Where the object is in what the network will see.
struct Extent {
  CropArea window;  // what the network sees of the picture
  // Inclusive, in pixels of the window.
  int left, right = -1, top, bottom = -1;
  std::int64_t inside = 0, outside = 0;  // pixels of the object

  double cut_off() const { return double(outside) / double(inside + outside); }
  double span() const {
    return std::max(double(right - left + 1) / window.width,
                    double(bottom - top + 1) / window.height);
  }
  double offset() const {
    const double x = std::abs((left + right + 1) / 2.0 / window.width - 0.5);
    const double y = std::abs((top + bottom + 1) / 2.0 / window.height - 0.5);
    return std::max(x, y);
  }
  bool touches_edge() const {
    return left == 0 || top == 0 || right == window.width - 1 || bottom == window.height - 1;
  }
};

Extent extent_of(const ObjectMask& mask, const Image& picture, int crop) {
  Extent extent{
      .window = crop_area(picture, {}, {}, crop), .left = picture.width, .top = picture.height};
  const CropArea& window = extent.window;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      if (!mask(x, y)) continue;
      const bool inside = x >= window.left && x < window.left + window.width && y >= window.top &&
                          y < window.top + window.height;
      if (!inside) {
        ++extent.outside;
        continue;
      }
      ++extent.inside;
      extent.left = std::min(extent.left, x - window.left);
      extent.right = std::max(extent.right, x - window.left);
      extent.top = std::min(extent.top, y - window.top);
      extent.bottom = std::max(extent.bottom, y - window.top);
    }
  }
  return extent;
}

std::string percent(double fraction) {
  return std::to_string(std::lround(100 * fraction)) + "%";
}

/// Pictures that are far from square, and what was done about it.
std::string shape_warning(const Image& picture, const Framing& framing) {
  if (!is_elongated(picture)) return "";
  const std::string size = concat("the picture is ", picture.width, "x", picture.height, ": ");
  if (!framing.squeeze)
    return size + "it was padded to a square. Crop it to the object, or --squeeze it";
  const CropArea area = crop_area(picture, {}, {}, framing.transform.crop);
  return area.width == area.height ? "" : size + "squeezing it to a square changed its proportions";
}

std::string background_warning(const ObjectMask& mask, const Framing& framing) {
  const std::optional<int> grey = mask.background_grey();
  const auto [low, high] = framing.transform.background_range;
  if (!grey || *grey >= low - max_darkening) return "";
  return concat("the background is dark (grey ", *grey, " of 255), the network was trained on ",
                low, " to ", high, ": use a picture with a transparent or plain light background");
}

void add(std::vector<std::string>& warnings, const std::string& warning) {
  if (!warning.empty()) warnings.push_back(warning);
}

}  // namespace

std::vector<std::string> inspect_picture(const Image& given, const Framing& framing) {
  const auto& [picture, transform] = frame_picture(given, framing);
  const int crop = transform.crop;
  std::vector<std::string> warnings;
  add(warnings, shape_warning(given, framing));
  const ObjectMask mask(picture, transform.min_alpha);
  if (!mask.separable()) {
    warnings.emplace_back(
        "the object cannot be told from the background: use a picture with a transparent or plain "
        "light background (the network was trained on such pictures)");
    return warnings;
  }
  add(warnings, background_warning(mask, framing));
  const Extent extent = extent_of(mask, picture, crop);
  if (extent.inside == 0) {
    warnings.emplace_back("no object found: every pixel that the network sees is background");
    return warnings;
  }

  if (extent.cut_off() > max_cut_off)
    warnings.push_back(concat(percent(extent.cut_off()), " of the object is outside the middle ",
                              crop, "x", crop, " pixels and is cut off: scale the picture down to ",
                              "about ", crop + crop / 14, " pixels per side"));
  if (extent.span() < min_span)
    warnings.push_back("the object spans only " + percent(extent.span()) +
                       " of what the network sees: crop closer");
  if (extent.offset() > max_offset)
    warnings.emplace_back("the object is far from the middle: centre it");
  if (extent.touches_edge() && extent.outside == 0 && !(is_elongated(given) && !framing.squeeze))
    warnings.emplace_back("the object touches the edge of the picture: leave a margin around it");
  return warnings;
}

std::string inspect_volume(const VoxelGrid& probabilities, double threshold) {
  const std::int64_t count = probabilities.count(threshold);
  if (count == 0)
    return concat("no voxel reaches the threshold ", threshold,
                  ": the volume is empty. The highest probability is ",
                  *std::ranges::max_element(probabilities.values), "; try a lower --threshold");
  if (count == std::int64_t(probabilities.values.size()))
    return concat("every voxel reaches the threshold ", threshold,
                  ": the volume is full; try a higher --threshold");
  return "";
}

}  // namespace voxgrad
