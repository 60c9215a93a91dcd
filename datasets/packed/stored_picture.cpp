#include "datasets/packed/stored_picture.h"

#include <algorithm>
#include <cstring>

#include "tensor/error.h"

namespace voxgrad {

StoredPicture store_picture(const Image& picture, std::vector<std::uint8_t>& pixels) {
  const auto channels = std::size_t(picture.channels);
  StoredPicture stored{
      .width = picture.width, .height = picture.height, .channels = picture.channels};
  std::copy_n(picture.at(0, 0), channels, stored.border.begin());
  int left = picture.width, right = -1, top = picture.height, bottom = -1;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      if (std::memcmp(picture.at(x, y), stored.border.data(), channels) == 0) continue;
      left = std::min(left, x), right = std::max(right, x);
      top = std::min(top, y), bottom = std::max(bottom, y);
    }
  if (right < 0) return stored;
  stored.left = left, stored.top = top;
  stored.columns = right - left + 1, stored.rows = bottom - top + 1;
  for (int y = top; y <= bottom; ++y) {
    const std::uint8_t* row = picture.at(left, y);
    pixels.insert(pixels.end(), row, row + std::size_t(stored.columns) * channels);
  }
  return stored;
}

Image restore_picture(const StoredPicture& stored, std::span<const std::uint8_t> pixels) {
  constexpr int most = 8192;
  const auto within = [](int begin, int count, int size) {
    return begin >= 0 && count >= 0 && begin <= size && count <= size - begin;
  };
  check(stored.width >= 1 && stored.width <= most && stored.height >= 1 && stored.height <= most &&
            stored.channels >= 1 && stored.channels <= 4 &&
            within(stored.left, stored.columns, stored.width) &&
            within(stored.top, stored.rows, stored.height) && pixels.size() == stored.bytes(),
        "the numbers of a packed picture do not fit together");
  const auto channels = std::size_t(stored.channels);
  Image picture(stored.width, stored.height, stored.channels);
  const bool blank = std::ranges::all_of(stored.border, [](std::uint8_t v) { return v == 0; });
  if (!blank)
    for (std::size_t i = 0; i < picture.pixels.size(); i += channels)
      std::copy_n(stored.border.begin(), channels, picture.pixels.begin() + std::ptrdiff_t(i));
  const std::size_t row = std::size_t(stored.columns) * channels;
  for (int y = 0; y < stored.rows && row > 0; ++y)
    std::memcpy(picture.at(stored.left, stored.top + y), pixels.data() + std::size_t(y) * row, row);
  return picture;
}

}  // namespace voxgrad
