// A photo on its way to the network: the object is found and cut out, then centred and scaled as in
// the renderings that networks are trained on, and what makes the photo hard to read is named.
//
//   const PreparedPhoto photo = prepare_photo(read_image(file), predictor.framing());
//   predictor.predict({photo.picture});
//
// The object is found by the first of these that applies: a mask that was given; alpha; a plain
// background (plain_background.h), of a given colour or modelled from the picture's border; GrabCut
// (grab_cut.h) from a box that was given or a centred one; all of a box that was given.
//
// A picture that is framed as those of data sets are, with alpha or a plain light background, is
// handed on as it is, so that a data set's pictures give what they give in `test`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "pix2vox/prediction/finding.h"
#include "pix2vox/prediction/framing.h"
#include "voxels/image/image.h"

namespace voxgrad {

/// A rectangle of pixels of a picture.
struct PixelBox {
  int left = 0, top = 0, width = 0, height = 0;
};

struct PhotoOptions {
  enum class Background { automatic, none, color };
  enum class Crop { automatic, always, never };
  /// none: the picture's background stays as it is; alpha and masks count all the same.
  Background background = Background::automatic;
  std::array<std::uint8_t, 3> color{};  // R, G, B, with Background::color
  /// Whether the object is centred and scaled. automatic: where it has to be.
  Crop crop = Crop::automatic;
  std::optional<PixelBox> box{};  // the object is inside
  /// The object is where this is light (or has alpha, if it has any transparency). Of the photo's
  /// proportions.
  std::optional<Image> mask{};
};

/// How the object was found.
enum class CutOut { none, mask, alpha, plain_background, grab_cut, box };

struct PreparedPhoto {
  Image picture{};  // for Predictor::predict(): RGBA where the object was cut out
  Image mask{};     // grey, 255: the object; of the photo's proportions
  CutOut cut_out = CutOut::none;
  bool reframed = false;  // the object was centred and scaled
  std::vector<Finding> findings{};
};

/// ConfigError for a box outside the photo and a mask of other proportions.
PreparedPhoto prepare_photo(const Image& photo, const Framing& framing,
                            const PhotoOptions& options = {});

/// "alpha", "a plain background", ...
const char* words_of(CutOut cut_out);

/// The photo, its mask and what the network saw (Predictor::Result::inputs), side by side.
Image photo_sheet(const Image& photo, const PreparedPhoto& prepared, const Image& seen);

}  // namespace voxgrad
