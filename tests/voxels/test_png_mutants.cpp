// Thousands of damaged copies of a real picture: each is refused or read right.
#include <doctest/doctest.h>

#include <algorithm>

#include "io/file.h"
#include "tests/support/png_checksums.h"
#include "tests/support/source_tree.h"
#include "tests/voxels/grids.h"
#include "voxels/image/image.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

const Bytes& picture() {
  static const Bytes bytes =
      read_file(in_source_tree("tests/golden/pictures/picture_137.png"), 1 << 20);
  return bytes;
}

void decode(const Bytes& bytes) {
  decode_image(bytes, "mutant");
}

/// 1 to 4 bytes of [first, last) replaced; valid checksums.
Bytes mutant(Rng& rng, std::size_t first, std::size_t last) {
  Bytes bytes = picture();
  for (std::uint64_t count = 1 + rng.below(4); count > 0; --count)
    bytes[first + rng.below(last - first)] = std::uint8_t(rng.below(256));
  repair_png_checksums(bytes);
  return bytes;
}

std::size_t find(const std::string& type) {
  const auto found = std::search(picture().begin(), picture().end(), type.begin(), type.end());
  REQUIRE(found != picture().end());
  return std::size_t(found - picture().begin());
}

}  // namespace

TEST_CASE("PNG: ten thousand flipped bits and as many cuts of a real picture are all refused") {
  CHECK_NOTHROW(decode(picture()));
  CHECK(decode_flipped(picture(), 10'000, decode).refused == 10'000);
  CHECK(decode_cut(picture(), 10'000, decode).refused == 10'000);
}

TEST_CASE("PNG: pixels changed under valid checksums of the chunks are noticed") {
  const Image original = decode_image(picture(), "picture");
  const std::size_t first = find("IDAT") + 4;
  Rng rng(8);
  int refused = 0, wrong = 0;
  for (int i = 0; i < 10'000; ++i) {
    // In the first of the data chunks: what accepts them must have found the same pixels.
    const Bytes bytes = mutant(rng, first, first + 2000);
    try {
      wrong += decode_image(bytes, "mutant").pixels != original.pixels;
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(wrong == 0);
  CHECK(refused > 9'000);
}

TEST_CASE(
    "PNG: ten thousand copies changed anywhere under valid checksums give a picture or an error") {
  Rng rng(9);
  int refused = 0;
  for (int i = 0; i < 10'000; ++i) {
    // Half of them in the header, the sizes and the first chunks.
    const Bytes bytes = mutant(rng, 8, i % 2 == 0 ? 64 : picture().size());
    try {
      decode(bytes);
    } catch (const Error&) {
      ++refused;
    }
  }
  CHECK(refused > 5'000);
}
