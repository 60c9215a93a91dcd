// Unfiltering against the formulas of the PNG specification, a byte at a time.
#include <doctest/doctest.h>

#include <cstdlib>
#include <numeric>
#include <vector>

#include "tensor/rng.h"
#include "voxels/image/png_unfilter.h"

using namespace voxgrad;

namespace {

using Bytes = std::vector<std::uint8_t>;

int paeth(int a, int b, int c) {
  const int p = a + b - c, pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}

Bytes unfiltered(int filter, const Bytes& filtered, const Bytes& above, std::size_t pixel_bytes) {
  Bytes row;
  for (std::size_t i = 0; i < filtered.size(); ++i) {
    const bool first = i < pixel_bytes;
    const int a = first ? 0 : row[i - pixel_bytes], b = above[i];
    const int c = first ? 0 : above[i - pixel_bytes];
    const int predicted[] = {0, a, b, (a + b) / 2, paeth(a, b, c)};
    row.push_back(std::uint8_t(filtered[i] + predicted[filter]));
  }
  return row;
}

}  // namespace

TEST_CASE("PNG filters are undone as specified, in place and not") {
  Rng rng(4);
  for (int filter = 0; filter < kPngFilters; ++filter)
    for (const int pixel_bytes : {1, 2, 3, 4, 6, 8})
      for (const int pixels : {1, 2, 7, 64, 137}) {
        CAPTURE(filter);
        CAPTURE(pixel_bytes);
        CAPTURE(pixels);
        const auto count = std::size_t(pixel_bytes * pixels);
        Bytes above(count), filtered(count);
        const std::uint64_t range = pixels % 2 == 0 ? 256 : 4;  // small ones tie more often
        for (std::size_t i = 0; i < count; ++i) {
          above[i] = std::uint8_t(rng.below(range));
          filtered[i] = std::uint8_t(rng.below(range));
        }
        const Bytes expected = unfiltered(filter, filtered, above, std::size_t(pixel_bytes));
        Bytes row(count + 1, 77);
        png_unfilter(filter, filtered.data(), above.data(), count, pixel_bytes, row.data());
        CHECK(row.back() == 77);
        row.pop_back();
        CHECK(row == expected);
        png_unfilter(filter, filtered.data(), above.data(), count, pixel_bytes, filtered.data());
        CHECK(filtered == expected);
      }
}

TEST_CASE("the Paeth filter is exact for every left, above and corner") {
  // Pixels in pairs: the first of each sets left and corner, the second is predicted from them.
  int wrong = 0;
  std::uint8_t above[8] = {}, filtered[8] = {}, row[8];
  for (int left = 0; left < 256; ++left)
    for (int corner = 0; corner < 256; ++corner)
      for (int first = 0; first < 256; first += 4) {
        for (int c = 0; c < 4; ++c) {
          above[c] = std::uint8_t(corner);
          above[4 + c] = std::uint8_t(first + c);
          filtered[c] = std::uint8_t(left - corner);  // the first pixel is predicted as above
        }
        png_unfilter(4, filtered, above, 8, 4, row);
        for (int c = 0; c < 4; ++c) wrong += row[4 + c] != paeth(left, first + c, corner);
      }
  CHECK(wrong == 0);
}
