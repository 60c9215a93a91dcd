#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>

// In this order: the second needs the library's version from the first.
#include <jconfig.h>
#include <jerror.h>
#include <jpeglib.h>

#include "tensor/error.h"
#include "voxels/image/codecs.h"

namespace voxgrad {
namespace {

enum Marker : std::uint8_t {
  kStartOfFrame = 0xc0,  // and the 15 that follow, but for the next three
  kHuffmanTables = 0xc4,
  kJpegExtension = 0xc8,
  kArithmeticTables = 0xcc,
  kRestart = 0xd0,  // and the 7 that follow
  kStartOfImage = 0xd8,
  kEndOfImage = 0xd9,
  kStartOfScan = 0xda,
  kExif = 0xe1,
};

bool is_start_of_frame(std::uint8_t marker) {
  return marker >= kStartOfFrame && marker <= kStartOfFrame + 15 && marker != kHuffmanTables &&
         marker != kJpegExtension && marker != kArithmeticTables;
}

/// Goes from marker to marker and notes what the picture needs.
class SegmentWalk {
 public:
  SegmentWalk(std::span<const std::uint8_t> bytes, const std::string& name)
      : bytes_(bytes), name_(name) {}

  /// Checks the file up to its end marker.
  void run() {
    offset_ = 2;  // after the start marker
    for (std::uint8_t marker = next_marker(); marker != kEndOfImage; marker = next_marker()) {
      const auto payload = segment();
      if (is_start_of_frame(marker)) read_frame(payload);
      if (marker == kExif) read_exif(payload);
      if (marker == kStartOfScan) skip_scan();
    }
    check(frames_ == 1 && scans_ >= 1, name_, ": JPEG damaged: it has ", frames_,
          " frame headers and ", scans_, " scans");
  }
  int orientation() const { return orientation_; }

 private:
  void check_left(std::size_t count) const {
    check(bytes_.size() - offset_ >= count, name_, ": JPEG cut off: it ends at byte ",
          bytes_.size(), ", before its end marker");
  }

  std::uint8_t next_marker() {
    check_left(2);
    check(bytes_[offset_] == 0xff, name_, ": JPEG damaged: no marker at byte ", offset_);
    while (bytes_[offset_] == 0xff) {  // any number of fill bytes
      ++offset_;
      check_left(1);
    }
    return bytes_[offset_++];
  }

  std::size_t u16(std::span<const std::uint8_t> at) const {
    return std::size_t(at[0]) << 8 | at[1];
  }

  std::span<const std::uint8_t> segment() {
    check_left(2);
    const std::size_t length = u16(bytes_.subspan(offset_));
    check(length >= 2, name_, ": JPEG damaged: bad segment length at byte ", offset_);
    check_left(length);
    const auto payload = bytes_.subspan(offset_ + 2, length - 2);
    offset_ += length;
    return payload;
  }

  void read_frame(std::span<const std::uint8_t> payload) {
    check(payload.size() >= 6, name_, ": JPEG damaged: short frame header before byte ", offset_);
    check_image_size(u16(payload.subspan(3)), u16(payload.subspan(1)), name_);
    ++frames_;
  }

  void read_exif(std::span<const std::uint8_t> payload) {
    constexpr char header[] = "Exif\0";  // ends in two zero bytes
    if (payload.size() >= sizeof(header) &&
        std::memcmp(payload.data(), header, sizeof(header)) == 0) {
      orientation_ = exif_orientation(payload.subspan(sizeof(header)));
    }
  }

  /// Coded data: 0xff is followed by 0 or is a restart marker; anything else ends the scan.
  void skip_scan() {
    constexpr int max_scans = 256;  // a cap on decoding time; real files have about ten
    check(++scans_ <= max_scans, name_, ": JPEG has more than ", max_scans, " scans");
    while (true) {
      const auto* found = static_cast<const std::uint8_t*>(
          std::memchr(bytes_.data() + offset_, 0xff, bytes_.size() - offset_));
      offset_ = found == nullptr ? bytes_.size() : std::size_t(found - bytes_.data());
      check_left(2);
      const std::uint8_t code = bytes_[offset_ + 1];
      if (code != 0 && code != 0xff && (code < kRestart || code >= kStartOfImage)) return;
      offset_ += code == 0xff ? 1 : 2;
    }
  }

  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
  std::size_t offset_ = 0;
  int frames_ = 0, scans_ = 0, orientation_ = 1;
};

/// Decodes with libjpeg. Its warnings about damaged data, after which it would go on with wrong
/// pixels, count as errors here.
class Decoder {
 public:
  Decoder() {
    info_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = on_error;
    errors_.manager.emit_message = on_message;
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { jpeg_destroy_decompress(&info_); }

  // libjpeg reports errors by longjmp, which must not leap over destructors: start() and
  // read_rows() own nothing. They return false on error.

  bool start(std::span<const std::uint8_t> bytes) {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, bytes.data(), static_cast<unsigned long>(bytes.size()));
    jpeg_read_header(&info_, TRUE);
    info_.out_color_space = info_.num_components == 1   ? JCS_GRAYSCALE
                            : info_.num_components == 4 ? JCS_CMYK
                                                        : JCS_RGB;
    jpeg_start_decompress(&info_);
    return true;
  }

  bool read_rows(JSAMPARRAY rows) {
    if (setjmp(errors_.jump) != 0) return false;
    while (info_.output_scanline < info_.output_height) {
      jpeg_read_scanlines(&info_, rows + info_.output_scanline,
                          info_.output_height - info_.output_scanline);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  Image blank_image() const {
    return {int(info_.output_width), int(info_.output_height), info_.output_components};
  }
  /// Adobe's programs store CMYK inverted, and leave their marker.
  bool inverted() const { return info_.saw_Adobe_marker != 0; }
  const char* message() const { return errors_.message; }

 private:
  struct Errors {
    jpeg_error_mgr manager;  // the first member: libjpeg hands back its address
    std::jmp_buf jump;
    char message[JMSG_LENGTH_MAX];
  };

  static void on_error(j_common_ptr info) {
    auto* errors = reinterpret_cast<Errors*>(info->err);
    errors->manager.format_message(info, errors->message);
    std::longjmp(errors->jump, 1);
  }

  static void on_message(j_common_ptr info, int level) {
    const int code = info->err->msg_code;
    const bool harmless =
        code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM || code == JWRN_BOGUS_ICC;
    if (level < 0 && !harmless) on_error(info);
  }

  jpeg_decompress_struct info_{};
  Errors errors_{};
};

Image cmyk_to_rgb(const Image& cmyk, bool inverted) {
  Image rgb(cmyk.width, cmyk.height, 3);
  for (int y = 0; y < rgb.height; ++y) {
    for (int x = 0; x < rgb.width; ++x) {
      const std::uint8_t* ink = cmyk.at(x, y);
      const auto light = [&](int c) { return inverted ? int(ink[c]) : 255 - ink[c]; };
      for (int c = 0; c < 3; ++c) {
        rgb.at(x, y)[c] = std::uint8_t((light(c) * light(3) + 127) / 255);
      }
    }
  }
  return rgb;
}

}  // namespace

Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& name) {
  SegmentWalk walk(bytes, name);
  walk.run();
  Decoder decoder;
  check(decoder.start(bytes), name, ": JPEG damaged or of an unknown kind: ", decoder.message());
  Image image = decoder.blank_image();
  std::vector<JSAMPROW> rows;
  rows.reserve(std::size_t(image.height));
  for (int y = 0; y < image.height; ++y) rows.push_back(image.at(0, y));
  check(decoder.read_rows(rows.data()), name, ": JPEG damaged: ", decoder.message());
  if (image.channels == 4) image = cmyk_to_rgb(image, decoder.inverted());
  return upright(std::move(image), walk.orientation());
}

}  // namespace voxgrad
