#include <png.h>

#include "tensor/error.h"
#include "voxels/image/codecs.h"

namespace voxgrad {

std::vector<std::uint8_t> encode_png(const Image& image) {
  constexpr png_uint_32 formats[] = {PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB,
                                     PNG_FORMAT_RGBA};
  check(image.width >= 1 && image.height >= 1 && image.channels >= 1 && image.channels <= 4 &&
            image.pixels.size() ==
                std::size_t(image.width) * std::size_t(image.height) * std::size_t(image.channels),
        "[encode_png] ", image.pixels.size(), " bytes do not make a picture of ", image.width, "x",
        image.height, " with ", image.channels, " channels");
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = png_uint_32(image.width);
  header.height = png_uint_32(image.height);
  header.format = formats[image.channels - 1];
  std::vector<std::uint8_t> bytes(PNG_IMAGE_PNG_SIZE_MAX(header));
  png_alloc_size_t size = bytes.size();
  check(png_image_write_to_memory(&header, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr),
        "[encode_png] ", header.message);
  bytes.resize(size);
  return bytes;
}

}  // namespace voxgrad
