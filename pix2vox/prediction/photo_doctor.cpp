#include "pix2vox/prediction/photo_doctor.h"

#include <algorithm>
#include <cmath>

#include "pix2vox/prediction/object_mask.h"
#include "pix2vox/prediction/sharpness.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

// How much darker than the darkest one of training a background may be: brightness is augmented.
constexpr int max_darkening = 75;
// Fraction of the object's pixels outside what the network sees from which it counts as cut off.
constexpr double max_cut_off = 0.02;
// Of the object's longer side, as a fraction of the side that the network sees.
constexpr double min_span = 0.4;
// Distance of the object's middle from the picture's, as a fraction of the side.
constexpr double max_offset = 0.15;
// The network sees objects of some hundred pixels: from fewer than this it cannot get details.
constexpr int min_object_pixels = 64;
// Of the object's longer side, touching one edge of the picture.
constexpr double max_touch = 0.02;
// Pixels of the second largest object, as a fraction of the largest's; and the gap between them, as
// a fraction of the picture's longer side.
constexpr double second_object = 0.2, object_gap = 0.02;
// Width of the sharpest edges, as a fraction of the object's longer side.
constexpr double max_edge_width = 0.04;
// Edges along one direction so much wider than along the other come from stretching.
constexpr double max_stretch = 1.4;

std::string percent(double fraction) {
  return std::to_string(std::lround(100 * fraction)) + "%";
}

class Doctor {
 public:
  explicit Doctor(const PhotoExamination& photo) : photo_(photo) {}

  std::vector<Finding> examine() {
    shape();
    background();
    const std::optional<Component> object = bounds_of(photo_.mask);
    if (!object) {
      if (separable())
        add(Fault::no_object, "no object found: every pixel that the network sees is background");
      return findings_;
    }
    if (!separable()) return findings_;
    place(*object);
    touch(*object);
    several();
    sharpness(*object);
    return findings_;
  }

 private:
  void add(Fault fault, std::string text, bool mended = false) {
    findings_.push_back({fault, std::move(text), mended});
  }
  bool separable() const { return photo_.cut_out != CutOut::none && photo_.cut_out != CutOut::box; }
  double scale() const { return double(photo_.photo.width) / photo_.width; }

  void shape() {
    const auto [shorter, longer] = std::minmax(photo_.width, photo_.height);
    if (longer <= 2 * shorter) return;
    const std::string size = concat("the picture is ", photo_.width, "x", photo_.height, ": ");
    if (photo_.reframed)
      add(Fault::squeezed, size + "far from square. The object was cut out of it", true);
    else if (!photo_.framing.squeeze)
      add(Fault::squeezed,
          size + "it was padded to a square. Crop it to the object, or --squeeze it");
    else if (photo_.window.width != photo_.window.height)
      add(Fault::squeezed, size + "squeezing it to a square changed its proportions");
  }

  void background() {
    if (photo_.cut_out == CutOut::mask || photo_.cut_out == CutOut::alpha) return;
    if (photo_.cut_out == CutOut::grab_cut) {
      add(Fault::no_plain_background,
          "the object cannot be told from the background for certain, as that is not plain: it was "
          "cut out by its colours. Look at the cut-out with --save-input; --box X,Y,W,H says where "
          "the object is, --mask FILE gives its outline, and a plain light background is best");
      return;
    }
    if (photo_.cut_out == CutOut::box) {
      add(Fault::no_plain_background,
          "the object cannot be told from the background in the box: the network sees all of the "
          "box. --mask FILE gives the object's outline, and a plain light background is best");
      return;
    }
    if (photo_.cut_out == CutOut::none) {
      add(Fault::no_plain_background,
          "the object cannot be told from the background: use a picture with a transparent or "
          "plain "
          "light background (the network was trained on such pictures)");
      return;
    }
    const auto [low, high] = photo_.framing.transform.background_range;
    const long grey = std::lround(photo_.background->grey);
    if (grey >= low - max_darkening) return;
    add(Fault::dark_background,
        concat("the background is dark (grey ", grey, " of 255), the network was trained on ", low,
               " to ", high,
               photo_.reframed ? ": it was replaced. A light one shows the object's outline better"
                               : ": use a picture with a transparent or plain light background"),
        photo_.reframed);
  }

  CropArea scaled_window() const {
    const CropArea& w = photo_.window;
    const double x = scale(), y = double(photo_.photo.height) / photo_.height;
    return {int(std::lround(w.left * x)), int(std::lround(w.top * y)),
            std::max(1, int(std::lround(w.width * x))),
            std::max(1, int(std::lround(w.height * y)))};
  }

  void place(const Component& object) {
    const CropArea whole{0, 0, photo_.photo.width, photo_.photo.height};
    const ObjectPlace place = place_in(photo_.mask, photo_.reframed ? whole : scaled_window());
    const int crop = photo_.framing.transform.crop;
    if (!photo_.reframed && place.cut_off > max_cut_off)
      add(Fault::cut_off,
          concat(percent(place.cut_off), " of the object is outside the middle ", crop, "x", crop,
                 " pixels and is cut off: scale the picture down to about ", crop + crop / 14,
                 " pixels per side"));
    if (place.span < min_span) {
      const long pixels = std::lround(std::max(object.width(), object.height()) / scale());
      if (photo_.reframed && pixels >= min_object_pixels)
        add(Fault::tiny,
            concat("the object spans only ", percent(place.span),
                   " of the picture: it was enlarged. Go closer to show more of it"),
            true);
      else
        add(Fault::tiny,
            concat("the object spans only ", percent(place.span),
                   photo_.reframed ? " of the picture, " : " of what the network sees, ", pixels,
                   " pixels: crop closer, or go closer"));
    }
    const ObjectPlace in_photo = place_in(photo_.mask, whole);
    if (place.span >= min_span && in_photo.span < min_span && in_photo.span < 0.5 * place.span)
      add(Fault::tiny,
          concat("the object spans only ", percent(in_photo.span),
                 " of the picture: the network sees the middle of it. Go closer to show more"),
          true);
    if (place.offset > max_offset)
      add(Fault::off_centre,
          photo_.reframed ? "the object is far from the middle: it was centred"
                          : "the object is far from the middle: centre it",
          photo_.reframed);
  }

  void touch(const Component& object) {
    const Image& mask = photo_.mask;
    int counts[4] = {};
    for (int x = 0; x < mask.width; ++x) {
      counts[0] += *mask.at(x, 0) != 0;
      counts[1] += *mask.at(x, mask.height - 1) != 0;
    }
    for (int y = 0; y < mask.height; ++y) {
      counts[2] += *mask.at(0, y) != 0;
      counts[3] += *mask.at(mask.width - 1, y) != 0;
    }
    const int most = *std::ranges::max_element(counts);
    const double limit = std::max(2.0, max_touch * std::max(object.width(), object.height()));
    if (most < limit || has_fault(findings_, Fault::cut_off)) return;
    const char* const names[4] = {"upper", "lower", "left", "right"};
    const std::string edge = names[std::ranges::max_element(counts) - counts];
    add(Fault::cut_off, "the object touches the edge of the picture (the " + edge +
                            " one) and may be cut off: leave a margin around it");
  }

  void several() {
    const int longer = std::max(photo_.mask.width, photo_.mask.height);
    const int radius = std::max(1, int(std::lround(object_gap * longer / 2)));
    std::vector<int> labels;
    const std::vector<Component> groups = components_of(grown(photo_.mask, radius), &labels);
    std::vector<int> pixels(groups.size(), 0);
    for (std::size_t i = 0; i < labels.size(); ++i)
      if (photo_.mask.pixels[i] != 0) ++pixels[std::size_t(labels[i]) - 1];
    std::ranges::sort(pixels, std::greater<>());
    const auto objects = std::ranges::count_if(
        pixels, [&](int count) { return count >= second_object * pixels.front(); });
    if (objects < 2) return;
    add(Fault::several, concat("there seem to be ", objects,
                               " objects: the network knows one at a time. Crop to one of them, or "
                               "say with --box X,Y,W,H where it is"));
  }

  void sharpness(const Component& object) {
    const EdgeWidths widths = edge_widths(photo_.photo, photo_.mask);
    const double row = widths.along_rows, column = widths.along_columns;
    const double sharpest = row > 0 && column > 0 ? std::min(row, column) : std::max(row, column);
    const double size = std::max(object.width(), object.height());
    if (sharpest > max_edge_width * size && sharpest > 2.2)
      add(Fault::blurred,
          concat("the picture is blurred: its sharpest edges are ", percent(sharpest / size),
                 " of the object wide. Hold the camera still, tap the object to "
                 "focus, or use a larger picture"));
    if (row > 0 && column > 0 && !has_fault(findings_, Fault::squeezed) &&
        std::max(row, column) > max_stretch * std::min(row, column) && std::max(row, column) > 2.2)
      add(Fault::squeezed,
          concat("the picture seems to be stretched ", row > column ? "sideways" : "upwards",
                 ": its edges are much sharper in the other direction. Use it in "
                 "its own proportions"));
  }

  const PhotoExamination& photo_;
  std::vector<Finding> findings_;
};

}  // namespace

bool ObjectPlace::usual() const {
  return cut_off <= max_cut_off && span >= min_span && offset <= max_offset;
}

ObjectPlace place_in(const Image& mask, const CropArea& window) {
  int left = mask.width, right = -1, top = mask.height, bottom = -1;
  std::int64_t inside = 0, outside = 0;
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x) {
      if (*mask.at(x, y) == 0) continue;
      const int u = x - window.left, v = y - window.top;
      if (u < 0 || v < 0 || u >= window.width || v >= window.height) {
        ++outside;
        continue;
      }
      ++inside;
      left = std::min(left, u), right = std::max(right, u);
      top = std::min(top, v), bottom = std::max(bottom, v);
    }
  if (inside == 0) return {1, 0, 1, false};
  const double x = std::abs((left + right + 1) / 2.0 / window.width - 0.5);
  const double y = std::abs((top + bottom + 1) / 2.0 / window.height - 0.5);
  return {
      double(outside) / double(inside + outside),
      std::max(double(right - left + 1) / window.width, double(bottom - top + 1) / window.height),
      std::max(x, y),
      left == 0 || top == 0 || right == window.width - 1 || bottom == window.height - 1};
}

std::vector<Finding> examine(const PhotoExamination& examination) {
  return Doctor(examination).examine();
}

}  // namespace voxgrad
