#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <memory>
#include <string_view>

#include "tensor/error.h"
#include "voxels/image_codecs.h"

namespace voxgrad {
namespace {

constexpr std::size_t kSignatureBytes = 8;

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t(bytes[0]) << 24 | std::uint32_t(bytes[1]) << 16 |
         std::uint32_t(bytes[2]) << 8 | bytes[3];
}

struct PngFacts {
  std::uint32_t width = 0, height = 0;
  int orientation = 1;
};

/// Checks what libpng does not insist on: sizes before anything is allocated, the CRC of ancillary
/// chunks, and that the file goes on to IEND.
PngFacts walk_chunks(std::span<const std::uint8_t> bytes, const std::string& name) {
  constexpr std::size_t frame_bytes = 12;  // length, type and CRC
  PngFacts facts;
  std::size_t offset = kSignatureBytes;
  while (true) {
    const std::size_t left = bytes.size() - offset;
    check(left >= frame_bytes, name, ": PNG cut off: it ends at byte ", bytes.size(),
          ", before its IEND chunk");
    const std::uint8_t* chunk = bytes.data() + offset;
    const std::size_t length = big_endian(chunk);
    const std::string_view type(reinterpret_cast<const char*>(chunk + 4), 4);
    check(length <= left - frame_bytes, name, ": PNG cut off or damaged: the chunk at byte ",
          offset, " has ", length, " bytes, but only ", left - frame_bytes, " are left");
    const auto crc = std::uint32_t(crc32_z(0, chunk + 4, length + 4));
    check(crc == big_endian(chunk + 8 + length), name,
          ": PNG damaged: wrong checksum of the chunk at byte ", offset);

    const bool first = offset == kSignatureBytes;
    check(first == (type == "IHDR"), name, ": PNG damaged: ", first ? "no" : "second",
          " IHDR chunk at byte ", offset);
    if (first) {
      check(length == 13, name, ": PNG damaged: IHDR has ", length, " bytes instead of 13");
      facts.width = big_endian(chunk + 8);
      facts.height = big_endian(chunk + 12);
      check_image_size(facts.width, facts.height, name);
    } else if (type == "eXIf") {
      facts.orientation = exif_orientation({chunk + 8, length});
    } else if (type == "IEND") {
      return facts;
    }
    offset += frame_bytes + length;
  }
}

/// What the callbacks of libpng share with the reader.
struct PngStream {
  std::span<const std::uint8_t> left;
  char message[128] = "";
};

void read_bytes(png_structp png, png_bytep target, std::size_t count) {
  auto* stream = static_cast<PngStream*>(png_get_io_ptr(png));
  if (count > stream->left.size()) png_error(png, "the data end too early");
  std::memcpy(target, stream->left.data(), count);
  stream->left = stream->left.subspan(count);
}

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* stream = static_cast<PngStream*>(png_get_error_ptr(png));
  std::strncpy(stream->message, message, sizeof(stream->message) - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

struct PngReader {
  png_structp png = nullptr;
  png_infop info = nullptr;

  explicit PngReader(PngStream& stream)
      : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &stream, on_error, on_warning)) {
    if (png != nullptr) info = png_create_info_struct(png);
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  bool ready() const { return png != nullptr && info != nullptr; }
};

// libpng reports errors by longjmp, which must not leap over destructors: the two functions below
// own nothing. They return false on error.

/// Reads the header and asks for 8-bit pixels without palette.
bool read_header(const PngReader& reader, PngStream& stream, int& channels) {
  png_structp png = reader.png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_read_fn(png, &stream, read_bytes);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(png, reader.info);
  png_set_expand(png);
  png_set_strip_16(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, reader.info);
  channels = png_get_channels(png, reader.info);
  return true;
}

bool read_pixels(const PngReader& reader, png_bytepp rows) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;
  png_read_image(reader.png, rows);
  png_read_end(reader.png, nullptr);
  return true;
}

}  // namespace

Image decode_png(std::span<const std::uint8_t> bytes, const std::string& name) {
  const PngFacts facts = walk_chunks(bytes, name);
  PngStream stream;
  stream.left = bytes;
  const PngReader reader(stream);
  check(reader.ready(), name, ": not enough memory to read the PNG");
  int channels = 0;
  check(read_header(reader, stream, channels), name, ": PNG damaged: ", stream.message);
  Image image(int(facts.width), int(facts.height), channels);
  const std::size_t row_bytes = std::size_t(image.width) * std::size_t(channels);
  check(png_get_rowbytes(reader.png, reader.info) == row_bytes, name,
        ": PNG damaged: rows of unexpected size");
  std::vector<png_bytep> rows(facts.height);
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = image.pixels.data() + y * row_bytes;
  check(read_pixels(reader, rows.data()), name, ": PNG damaged: ", stream.message);
  return upright(std::move(image), facts.orientation);
}

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
