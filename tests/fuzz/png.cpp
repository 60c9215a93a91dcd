// libFuzzer target of the PNG reader: any bytes give a picture or an Error. Each input is read as
// it is and with its checksums made valid. CONTRIBUTING.md says how to run it.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "tensor/error.h"
#include "tests/support/png_checksums.h"
#include "voxels/image/image.h"

namespace {

void read(const std::vector<std::uint8_t>& bytes) {
  try {
    const voxgrad::Image image = voxgrad::decode_image(bytes, "input");
    const auto pixels = std::size_t(image.width) * std::size_t(image.height);
    if (image.pixels.size() != pixels * std::size_t(image.channels)) std::abort();
  } catch (const voxgrad::Error&) {
  }
}

/// Pictures within the limits may still be so large that a run would make no progress.
bool is_large(const std::vector<std::uint8_t>& png) {
  constexpr std::size_t width = 16, height = 20;  // their places
  if (png.size() < height + 4) return false;
  const auto at_most_2047 = [&](std::size_t place) {
    return png[place] == 0 && png[place + 1] == 0 && png[place + 2] < 8;
  };
  return !at_most_2047(width) || !at_most_2047(height);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::uint8_t signature[]{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  if (size < 8) return -1;
  std::vector<std::uint8_t> png(data, data + size);
  std::copy(signature, signature + 8, png.begin());  // JPEG is not looked for here
  if (is_large(png)) return -1;
  read(png);
  voxgrad::testing::repair_png_checksums(png);
  read(png);
  return 0;
}
