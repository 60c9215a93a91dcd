#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <optional>

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
  kQuantization = 0xdb,
  kLineCount = 0xdc,
  kRestartInterval = 0xdd,
  kFirstApplication = 0xe0,
  kExif = 0xe1,
  kLastApplication = 0xef,
  kComment = 0xfe,
};

bool is_start_of_frame(std::uint8_t marker) {
  return marker >= kStartOfFrame && marker <= kStartOfFrame + 15 && marker != kHuffmanTables &&
         marker != kJpegExtension && marker != kArithmeticTables;
}

/// Goes from marker to marker and notes what the picture needs.
class SegmentWalk {
 public:
  SegmentWalk(std::span<const std::uint8_t> bytes, const ImageSource& source)
      : bytes_(bytes), source_(source) {}

  /// Checks the file up to its end marker.
  void run() {
    offset_ = 2;  // after the start marker
    while (const std::optional<std::uint8_t> marker = next_marker()) {
      if (*marker == kEndOfImage) break;
      const std::size_t start = offset_ - 2;
      if (after_pixels() && !follows_pixels(*marker)) {
        end_without_marker(start);
        break;
      }
      const auto payload = segment(start);
      if (ended_) break;
      if (is_start_of_frame(*marker)) read_frame(*marker, payload);
      if (*marker == kExif && orientation_ == 0)
        orientation_ = exif_orientation(payload).value_or(0);
      if (*marker == kStartOfScan) skip_scan();
      if (ended_) break;
    }
    check(frames_ == 1 && scans_ >= 1, source_.name(), ": JPEG damaged: it has ", frames_,
          " frame headers and ", scans_, " scans");
  }
  int orientation() const { return orientation_; }
  /// Where the data end that have no end marker; none if there is one.
  std::optional<std::size_t> end_of_data() const { return ended_; }

 private:
  /// Lenient reading goes as far as the pixels do.
  bool after_pixels() const { return source_.lenient() && scans_ >= 1; }

  /// What a progressive picture has between its scans.
  static bool follows_pixels(std::uint8_t marker) {
    return marker == kStartOfScan || marker == kHuffmanTables || marker == kArithmeticTables ||
           marker == kQuantization || marker == kLineCount || marker == kRestartInterval ||
           marker == kComment || (marker >= kFirstApplication && marker <= kLastApplication);
  }

  void end_without_marker(std::size_t at) {
    source_.tolerate("JPEG without its end marker", "what follows the pixels is ignored");
    ended_ = at;
  }

  bool has_left(std::size_t count) const { return bytes_.size() - offset_ >= count; }
  [[noreturn]] void fail_cut_off() const {
    fail(source_.name(), ": JPEG cut off: it ends at byte ", bytes_.size(),
         ", before its end marker");
  }

  /// None where the file ends after the pixels without one.
  std::optional<std::uint8_t> next_marker() {
    const std::size_t start = offset_;
    if (has_left(1) && bytes_[offset_] != 0xff) {
      source_.tolerate(concat("JPEG damaged: no marker at byte ", offset_),
                       "the bytes before the next one are ignored");
      while (has_left(2) && (bytes_[offset_] != 0xff || bytes_[offset_ + 1] == 0)) ++offset_;
    }
    while (has_left(2) && bytes_[offset_] == 0xff && bytes_[offset_ + 1] == 0xff)
      ++offset_;  // any number of fill bytes
    if (!has_left(2) || bytes_[offset_] != 0xff) {
      if (!after_pixels()) fail_cut_off();
      end_without_marker(start);
      return {};
    }
    offset_ += 2;
    return bytes_[offset_ - 1];
  }

  std::size_t u16(std::span<const std::uint8_t> at) const {
    return std::size_t(at[0]) << 8 | at[1];
  }

  /// The payload of the segment whose marker is at `start`.
  std::span<const std::uint8_t> segment(std::size_t start) {
    const std::size_t length = has_left(2) ? u16(bytes_.subspan(offset_)) : 2;
    if (length < 2 || !has_left(length)) {
      if (after_pixels()) {
        end_without_marker(start);
        return {};
      }
      check(length >= 2, source_.name(), ": JPEG damaged: bad segment length at byte ", offset_);
      fail_cut_off();
    }
    const auto payload = bytes_.subspan(offset_ + 2, length - 2);
    offset_ += length;
    return payload;
  }

  void read_frame(std::uint8_t marker, std::span<const std::uint8_t> payload) {
    check(payload.size() >= 6, source_.name(), ": JPEG damaged: short frame header before byte ",
          offset_);
    const int bits = payload[0];
    const bool lossless = marker == 0xc3 || (marker >= 0xc5 && marker != 0xc9 && marker != 0xca);
    check(!lossless && bits == 8, source_.name(), ": a ",
          lossless ? std::string("lossless or hierarchical") : concat(bits, "-bit"),
          " JPEG, as medical and scientific devices write: convert it to an 8-bit one or to PNG");
    check_image_size(u16(payload.subspan(3)), u16(payload.subspan(1)), source_.name());
    ++frames_;
  }

  /// Coded data: 0xff is followed by 0 or is a restart marker; anything else ends the scan.
  void skip_scan() {
    constexpr int max_scans = 256;  // a cap on decoding time; real files have about ten
    check(++scans_ <= max_scans, source_.name(), ": JPEG has more than ", max_scans, " scans");
    while (true) {
      const auto* found = static_cast<const std::uint8_t*>(
          std::memchr(bytes_.data() + offset_, 0xff, bytes_.size() - offset_));
      offset_ = found == nullptr ? bytes_.size() : std::size_t(found - bytes_.data());
      if (!has_left(2)) {
        if (!after_pixels()) fail_cut_off();
        end_without_marker(offset_);
        return;
      }
      const std::uint8_t code = bytes_[offset_ + 1];
      if (code != 0 && code != 0xff && (code < kRestart || code >= kStartOfImage)) return;
      offset_ += code == 0xff ? 1 : 2;
    }
  }

  std::span<const std::uint8_t> bytes_;
  const ImageSource& source_;
  std::size_t offset_ = 0;
  int frames_ = 0, scans_ = 0, orientation_ = 0;
  std::optional<std::size_t> ended_;
};

/// Decodes with libjpeg. Its warnings about damaged data, after which it would continue with wrong
/// pixels, count as errors here; stray bytes before a marker, which it skips, are left to the
/// caller.
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
  bool skipped_bytes() const { return errors_.skipped_bytes; }

 private:
  struct Errors {
    jpeg_error_mgr manager;  // the first member: libjpeg hands back its address
    std::jmp_buf jump;
    char message[JMSG_LENGTH_MAX];
    bool skipped_bytes;
  };

  static void on_error(j_common_ptr info) {
    auto* errors = reinterpret_cast<Errors*>(info->err);
    errors->manager.format_message(info, errors->message);
    std::longjmp(errors->jump, 1);
  }

  static void on_message(j_common_ptr info, int level) {
    const int code = info->err->msg_code;
    auto* errors = reinterpret_cast<Errors*>(info->err);
    if (code == JWRN_EXTRANEOUS_DATA) {
      errors->skipped_bytes = true;
      return;
    }
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

Image decode_jpeg(std::span<const std::uint8_t> bytes, const ImageSource& source) {
  const std::string& name = source.name();
  SegmentWalk walk(bytes, source);
  walk.run();
  std::vector<std::uint8_t> ended;
  if (walk.end_of_data()) {
    ended.assign(bytes.begin(), bytes.begin() + std::ptrdiff_t(*walk.end_of_data()));
    ended.insert(ended.end(), {0xff, kEndOfImage});
    bytes = ended;
  }
  Decoder decoder;
  check(decoder.start(bytes), name, ": JPEG damaged or of an unknown kind: ", decoder.message());
  Image image = decoder.blank_image();
  std::vector<JSAMPROW> rows;
  rows.reserve(std::size_t(image.height));
  for (int y = 0; y < image.height; ++y) rows.push_back(image.at(0, y));
  check(decoder.read_rows(rows.data()), name, ": JPEG damaged: ", decoder.message());
  if (decoder.skipped_bytes())
    source.tolerate("JPEG damaged: stray bytes before a marker", "they are ignored");
  if (image.channels == 4) image = cmyk_to_rgb(image, decoder.inverted());
  return upright(std::move(image), source.as_stored() ? 1 : walk.orientation());
}

}  // namespace voxgrad
