// Looks at a photo and the mask of its object, and names what makes it hard to read, with advice.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datasets/transforms/crop.h"
#include "pix2vox/prediction/finding.h"
#include "pix2vox/prediction/photo.h"
#include "pix2vox/prediction/plain_background.h"
#include "voxels/grid/grid.h"

namespace voxgrad {

struct PhotoExamination {
  const Image& photo;                         // may be scaled down
  const Image& mask;                          // as large as it
  int width, height;                          // of the photo as it was given
  CutOut cut_out;                             // how the mask was made
  std::optional<PlainBackground> background;  // where there is no alpha
  /// What the network would see of the photo as it was given, in its pixels.
  CropArea window;
  bool reframed;  // the object is centred and scaled
  const Framing& framing;
};

std::vector<Finding> examine(const PhotoExamination& examination);

/// Where the object is in what the network would see if nothing were done, and whether that is as
/// in training.
struct ObjectPlace {
  double cut_off;  // share of its pixels that are outside
  double span;     // of its longer side, as a share of the window's
  double offset;   // of its middle from the window's, as a share of the side
  bool touches_edge;
  bool usual() const;
};
/// `window` is in the mask's pixels; the mask is not empty.
ObjectPlace place_in(const Image& mask, const CropArea& window);

}  // namespace voxgrad
