// Widens what a network sees of an object, before the published steps (transforms.h), so that it
// also knows pictures unlike its training set's: other colours, backgrounds, sizes and places,
// blur, noise and JPEG's artefacts. In order:
//   1. Size and place: the picture is scaled by `zoom` about its middle and shifted (bilinear,
//      premultiplied); what comes from outside is transparent.
//   2. Colours: hues turn by `hue` (a rotation about grey); `tint_share` of each colour is replaced
//      by the tint at the colour's own luma.
//   3. A backdrop of one colour, a gradient between two, or noise between them, a cell of which is
//      an eighth of the picture; the result is opaque. `published` leaves the picture transparent.
//   4. Blur (a Gaussian), noise (of each channel), JPEG at `jpeg_quality`.
// 1 and 3 are for pictures with alpha alone: in photos the object is not known. JPEG needs an
// opaque picture, so with a published backdrop it is left out.
#pragma once

#include <optional>

#include "datasets/transforms/transforms.h"
#include "voxels/image/image.h"

namespace voxgrad {

/// None if nothing is to be done.
std::optional<Image> widened_picture(const Image& picture, const WideningDraw& draw);

}  // namespace voxgrad
