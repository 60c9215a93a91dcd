// A rival without a network: the training object whose picture looks most like the first view. It
// needs no truth, so a model that does no better has learnt to retrieve, not to reconstruct
// (Tatarchenko et al., CVPR 2019).
//
// Two pictures are as far apart as the sum of absolute differences of their descriptors: the
// picture over white, shrunk to 16 x 16 by area, red, green, blue and alpha, 8 bits each.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "datasets/dataset.h"

namespace voxgrad {

using PictureDescriptor = std::array<std::uint8_t, 16 * 16 * 4>;

PictureDescriptor describe_picture(const Image& picture);
int picture_distance(const PictureDescriptor& a, const PictureDescriptor& b);

struct RetrievalOptions {
  /// Pictures of the training split that are compared with, at most: every object's first view
  /// before any second.
  std::int64_t max_pictures = 50'000;
  std::function<void(std::int64_t, std::int64_t)> progress{};  // objects read, and their total
};

/// For every object of `test` the nearest one of `train`, the first on a tie. Pictures that cannot
/// be read are left out; DataError if none is left in the training split, or if a tested one cannot
/// be read.
std::vector<std::int64_t> nearest_by_picture(const Dataset& train, const Dataset& test,
                                             const RetrievalOptions& options = {});

}  // namespace voxgrad
