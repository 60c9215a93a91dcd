// Pictures as a packed data set keeps them: their pixels, without what surrounds them in one
// colour. Nothing is lost, and taking one out is a copy.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "voxels/image/image.h"

namespace voxgrad {

struct StoredPicture {
  int width = 0, height = 0, channels = 0;
  int left = 0, top = 0, columns = 0, rows = 0;  // the rectangle that is kept; 0 x 0: none
  std::array<std::uint8_t, 4> border{};          // the pixel everywhere else
  std::size_t bytes() const {
    return std::size_t(columns) * std::size_t(rows) * std::size_t(channels);
  }
};

/// Appends the kept pixels to `pixels`.
StoredPicture store_picture(const Image& picture, std::vector<std::uint8_t>& pixels);
/// The same picture again. Error if the numbers do not fit together or the pixels are not as many.
Image restore_picture(const StoredPicture& stored, std::span<const std::uint8_t> pixels);

}  // namespace voxgrad
