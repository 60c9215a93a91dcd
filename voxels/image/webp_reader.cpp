// WebP through libwebp, where Voxgrad was built with it.
#include "voxels/image/codecs.h"

#ifdef VOXGRAD_WITH_WEBP
#include <webp/decode.h>
#endif

#include <algorithm>
#include <string_view>

namespace voxgrad {

bool is_webp(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.size() >= 12 && text.starts_with("RIFF") && text.substr(8, 4) == "WEBP";
}

#ifdef VOXGRAD_WITH_WEBP

bool reads_webp() {
  return true;
}

namespace {

std::size_t u32(std::span<const std::uint8_t> bytes, std::size_t offset) {
  return std::size_t(bytes[offset]) | std::size_t(bytes[offset + 1]) << 8 |
         std::size_t(bytes[offset + 2]) << 16 | std::size_t(bytes[offset + 3]) << 24;
}

/// Of the chunk EXIF, after the 12 bytes of the file's header.
int webp_orientation(std::span<const std::uint8_t> bytes) {
  std::size_t offset = 12;
  while (bytes.size() - offset >= 8) {
    const std::size_t length = u32(bytes, offset + 4);
    if (length > bytes.size() - offset - 8) break;
    constexpr std::string_view exif = "EXIF";
    if (std::equal(exif.begin(), exif.end(), bytes.begin() + std::ptrdiff_t(offset)))
      return exif_orientation(bytes.subspan(offset + 8, length)).value_or(1);
    offset += std::min(bytes.size() - offset, 8 + length + length % 2);
  }
  return 1;
}

}  // namespace

Image decode_webp(std::span<const std::uint8_t> bytes, const ImageSource& source) {
  const std::string& name = source.name();
  WebPBitstreamFeatures features;
  check(WebPGetFeatures(bytes.data(), bytes.size(), &features) == VP8_STATUS_OK, name,
        ": WebP damaged or cut off");
  check(features.has_animation == 0, name,
        ": an animated WebP picture: save one of its pictures as PNG");
  check_image_size(std::uint64_t(std::max(0, features.width)),
                   std::uint64_t(std::max(0, features.height)), name);
  check(u32(bytes, 4) <= bytes.size() - 8, name, ": WebP cut off: it should have ",
        u32(bytes, 4) + 8, " bytes and has ", bytes.size());
  Image image(features.width, features.height, features.has_alpha != 0 ? 4 : 3);
  const int stride = image.width * image.channels;
  const auto decode = features.has_alpha != 0 ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  check(decode(bytes.data(), bytes.size(), image.pixels.data(), image.pixels.size(), stride) !=
            nullptr,
        name, ": WebP damaged");
  return upright(std::move(image), source.as_stored() ? 1 : webp_orientation(bytes));
}

#else

bool reads_webp() {
  return false;
}

Image decode_webp(std::span<const std::uint8_t>, const ImageSource& source) {
  fail(source.name(),
       ": a WebP picture, and this program was built without libwebp: neither a PNG nor a JPEG. "
       "Convert it to one of them, for instance with ImageMagick (convert FILE picture.png), or "
       "build anew where libwebp-dev is installed");
}

#endif

}  // namespace voxgrad
