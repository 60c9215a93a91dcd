#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
//
#include <jpeglib.h>

#include "tensor/error.h"
#include "voxels/image/image.h"

namespace voxgrad {
namespace {

// In memory nothing can go wrong but memory itself: libjpeg then calls this, and unwinding through
// its C frames is not allowed.
[[noreturn]] void give_up(j_common_ptr info) {
  (*info->err->output_message)(info);
  std::abort();
}

struct Free {
  void operator()(unsigned char* bytes) const { std::free(bytes); }
};

}  // namespace

std::vector<std::uint8_t> encode_jpeg(const Image& image, int quality) {
  check(image.channels == 1 || image.channels == 3, "[jpeg] expects a grey or an RGB picture, got ",
        image.channels, " channels");
  check(image.width >= 1 && image.height >= 1 && image.width <= 8192 && image.height <= 8192,
        "[jpeg] sides of ", image.width, "x", image.height, " are not in 1..8192");
  check(quality >= 1 && quality <= 100, "[jpeg] quality ", quality, " is not in 1..100");
  jpeg_error_mgr errors;
  jpeg_compress_struct info;
  info.err = jpeg_std_error(&errors);
  errors.error_exit = give_up;
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = JDIMENSION(image.width);
  info.image_height = JDIMENSION(image.height);
  info.input_components = image.channels;
  info.in_color_space = image.channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, quality, TRUE);
  jpeg_start_compress(&info, TRUE);
  const std::size_t row_bytes = std::size_t(image.width) * std::size_t(image.channels);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPROW>(&image.pixels[info.next_scanline * row_bytes]);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  const std::unique_ptr<unsigned char, Free> owner(buffer);
  jpeg_destroy_compress(&info);
  return {buffer, buffer + size};
}

}  // namespace voxgrad
