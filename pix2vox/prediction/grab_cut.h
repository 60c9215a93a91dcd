// GrabCut (Rother, Kolmogorov and Blake, SIGGRAPH 2004): the object is told from any background by
// the colours inside and outside a box. OpenCV's, where Voxgrad was built with it.
#pragma once

#include <optional>

#include "pix2vox/prediction/photo.h"

namespace voxgrad {

bool has_grab_cut();
/// The mask of what is inside the box, none if this build has no GrabCut or it found nothing that
/// stands out. RGB or grey, best of a few hundred pixels a side.
std::optional<Image> grab_cut(const Image& picture, const PixelBox& box);

}  // namespace voxgrad
