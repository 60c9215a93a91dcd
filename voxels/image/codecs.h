// The codecs of image.h, and what they share. Decoders take bytes whose signature
// was recognised.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tensor/error.h"
#include "voxels/image/image.h"

namespace voxgrad {

/// The file that is being decoded: its name for messages, and what to do about damage after which
/// all pixels are still there.
class ImageSource {
 public:
  /// Without a list of warnings every damage is an error.
  explicit ImageSource(std::string name, std::vector<std::string>* warnings = nullptr,
                       Orientation orientation = Orientation::upright)
      : name_(std::move(name)), warnings_(warnings), orientation_(orientation) {}

  const std::string& name() const { return name_; }
  bool lenient() const { return warnings_ != nullptr; }
  bool as_stored() const { return orientation_ == Orientation::as_stored; }
  /// Damage after which all pixels are still there: a warning that says what was done about it, or
  /// an error. The same one is noted once.
  void tolerate(const std::string& damage, const std::string& remedy) const;

 private:
  std::string name_;
  std::vector<std::string>* warnings_;
  Orientation orientation_;
};

/// Walks all chunks first: order, sizes and every CRC, ancillary ones too, up to IEND.
Image decode_png(std::span<const std::uint8_t> bytes, const ImageSource& source);
/// Walks all segments and scans first, up to the end marker.
Image decode_jpeg(std::span<const std::uint8_t> bytes, const ImageSource& source);
/// "BMP", "GIF", "TGA" or "PNM" for what decode_with_stb() reads, else null. A TGA without a
/// signature is known by the ending of its name.
const char* stb_format(std::span<const std::uint8_t> bytes, const std::string& name);
Image decode_with_stb(std::span<const std::uint8_t> bytes, const ImageSource& source);
/// Error where the library was not built in, with what to do.
bool is_webp(std::span<const std::uint8_t> bytes);
/// Whether the library is built in.
bool reads_webp();
Image decode_webp(std::span<const std::uint8_t> bytes, const ImageSource& source);
bool is_heif(std::span<const std::uint8_t> bytes);
/// Whether libheif is built in and has a decoder for it on this machine.
bool reads_heic();
bool reads_avif();
Image decode_heif(std::span<const std::uint8_t> bytes, const ImageSource& source);
std::vector<std::uint8_t> encode_png(const Image& image);

/// What a file is that is not read, and how to convert it: "a TIFF picture or a raw photo: ...".
std::string explain_format(std::span<const std::uint8_t> bytes);

/// Error unless both sides are in 1..8192 and the area is at most 64 million.
void check_image_size(std::uint64_t width, std::uint64_t height, const std::string& name);

/// The orientation 1..8 that EXIF data give: a TIFF structure, after the header "Exif\0\0" or
/// without it, with the orientation as SHORT or LONG. None if there is none, or no valid one.
std::optional<int> exif_orientation(std::span<const std::uint8_t> exif);
/// Flips and rotates a picture stored in an EXIF orientation (1..8; others count as 1) upright.
Image upright(Image image, int orientation);

}  // namespace voxgrad
