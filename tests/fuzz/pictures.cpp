// libFuzzer target of the readers of pictures other than PNG: JPEG with its EXIF data, BMP, GIF,
// TGA, PNM, WebP, HEIC and AVIF. Any bytes give a picture or an Error, read strictly or with
// warnings, upright or as stored.
#include <cstdlib>
#include <string>
#include <vector>

#include "tensor/error.h"
#include "voxels/image/image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace voxgrad;
  if (size > 1 && data[0] == 0x89 && data[1] == 'P') return -1;  // fuzz_png
  for (const bool lenient : {false, true}) {
    try {
      std::vector<std::string> warnings;
      // A TGA has no signature and is known by its name.
      const Image image = decode_image({data, size}, "input.tga", lenient ? &warnings : nullptr,
                                       lenient ? Orientation::as_stored : Orientation::upright);
      const auto pixels = std::size_t(image.width) * std::size_t(image.height);
      if (image.pixels.size() != pixels * std::size_t(image.channels)) std::abort();
    } catch (const Error&) {
    }
  }
  return 0;
}
