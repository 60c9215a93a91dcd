// Pictures of every kind, and ways to turn them into views.
#pragma once

#include <optional>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/transforms/transforms.h"
#include "tensor/rng.h"

namespace voxgrad::testing {

enum class Alpha { none, random, object };  // object: transparent around a disc

struct PictureCase {
  int width, height, channels, size, crop;
  Alpha alpha = Alpha::none;
  bool hidden_color = false;  // colours other than black where alpha is 0
  std::optional<Box> box{};
};

/// Channels, backgrounds, enlarging, shrinking, odd sizes, boxes over the edges.
const std::vector<PictureCase>& picture_cases();

/// Random pixels.
Image picture_of(const PictureCase& test, Rng& rng);

/// How such a picture becomes a view.
TransformOptions options_of(const PictureCase& test);

}  // namespace voxgrad::testing
