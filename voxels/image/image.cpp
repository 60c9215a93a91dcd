#include "voxels/image/image.h"

#include <algorithm>
#include <array>

#include "io/file.h"
#include "tensor/error.h"
#include "voxels/image/codecs.h"

namespace voxgrad {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t(1) << 29;
constexpr std::array<std::uint8_t, 8> kPngSignature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr std::array<std::uint8_t, 3> kJpegSignature{0xff, 0xd8, 0xff};

template <std::size_t N>
bool starts_with(std::span<const std::uint8_t> bytes,
                 const std::array<std::uint8_t, N>& signature) {
  return bytes.size() >= N && std::equal(signature.begin(), signature.end(), bytes.begin());
}

std::size_t checked_size(int width, int height, int channels) {
  check(width >= 1 && height >= 1 && channels >= 1 && channels <= 4, "[Image] ", width, "x", height,
        " with ", channels, " channels: sides must be positive and channels 1..4");
  return std::size_t(width) * std::size_t(height) * std::size_t(channels);
}

}  // namespace

Image::Image(int w, int h, int c)
    : width(w), height(h), channels(c), pixels(checked_size(w, h, c)) {}

void ImageSource::tolerate(const std::string& damage, const std::string& remedy) const {
  check(lenient(), name_, ": ", damage,
        ". Its pixels are all there: save it anew with a picture editor, or read it leniently "
        "(data.lenient in a configuration)");
  const std::string warning = concat(damage, "; ", remedy);
  if (std::ranges::find(*warnings_, warning) == warnings_->end()) warnings_->push_back(warning);
}

Image decode_image(std::span<const std::uint8_t> bytes, const std::string& name,
                   std::vector<std::string>* warnings, Orientation orientation) {
  check(!bytes.empty(), name, ": the file is empty");
  check(bytes.size() <= kMaxFileBytes, name, ": has ", bytes.size(), " bytes, the limit is ",
        kMaxFileBytes);
  const ImageSource source(name, warnings, orientation);
  if (starts_with(bytes, kPngSignature)) return decode_png(bytes, source);
  if (starts_with(bytes, kJpegSignature)) return decode_jpeg(bytes, source);
  if (is_webp(bytes)) return decode_webp(bytes, source);
  if (is_heif(bytes)) return decode_heif(bytes, source);
  if (stb_format(bytes, name) != nullptr) return decode_with_stb(bytes, source);
  fail(name, ": ", explain_format(bytes));
}

std::string readable_formats() {
  std::string formats = "PNG, JPEG, BMP, GIF, TGA, PNM";
  if (reads_webp()) formats += ", WebP";
  if (reads_heic()) formats += ", HEIC";
  if (reads_avif()) formats += ", AVIF";
  return formats;
}

Image read_image(const std::filesystem::path& file, std::vector<std::string>* warnings,
                 Orientation orientation) {
  return decode_image(read_file(file, kMaxFileBytes), file.string(), warnings, orientation);
}

void write_png(const Image& image, const std::filesystem::path& file) {
  write_file_atomically(file, encode_png(image));
}

void check_image_size(std::uint64_t width, std::uint64_t height, const std::string& name) {
  constexpr std::uint64_t max_side = 8192, max_area = 64'000'000;
  check(width >= 1 && height >= 1, name, ": the picture has no pixels (", width, "x", height, ")");
  check(width <= max_side && height <= max_side && width * height <= max_area, name,
        ": the picture is ", width, "x", height, "; sides may have at most ", max_side,
        " pixels and the area ", max_area, ": scale it down");
}

Image upright(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  const bool swapped = orientation >= 5;
  const int width = swapped ? image.height : image.width;
  const int height = swapped ? image.width : image.height;
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image result(width, height, image.channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int column = swapped ? y : x, row = swapped ? x : y;
      const std::uint8_t* source = image.at(from_right ? image.width - 1 - column : column,
                                            from_bottom ? image.height - 1 - row : row);
      std::copy_n(source, image.channels, result.at(x, y));
    }
  }
  return result;
}

}  // namespace voxgrad
