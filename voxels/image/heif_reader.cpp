// HEIC and AVIF through libheif, where Voxgrad was built with it.
#include "voxels/image/codecs.h"

#ifdef VOXGRAD_WITH_HEIF
#include <libheif/heif.h>
#endif

#include <algorithm>
#include <memory>
#include <string_view>

namespace voxgrad {

bool is_heif(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() < 12 || text.substr(4, 4) != "ftyp") return false;
  constexpr std::string_view brands[]{"heic", "heix", "heim", "heis", "hevc",
                                      "hevx", "mif1", "msf1", "avif", "avis"};
  return std::ranges::find(brands, text.substr(8, 4)) != std::end(brands);
}

#ifdef VOXGRAD_WITH_HEIF

bool reads_heic() {
  return heif_have_decoder_for_format(heif_compression_HEVC) != 0;
}
bool reads_avif() {
  return heif_have_decoder_for_format(heif_compression_AV1) != 0;
}

namespace {

struct Release {
  void operator()(heif_context* context) const { heif_context_free(context); }
  void operator()(heif_image_handle* handle) const { heif_image_handle_release(handle); }
  void operator()(heif_image* image) const { heif_image_release(image); }
  void operator()(heif_decoding_options* options) const { heif_decoding_options_free(options); }
};

void check_ok(const heif_error& error, const std::string& name) {
  if (error.code == heif_error_Ok) return;
  const std::string message = error.message == nullptr ? "it cannot be read" : error.message;
  check(
      error.code != heif_error_Unsupported_filetype &&
          error.code != heif_error_Unsupported_feature &&
          error.code != heif_error_Decoder_plugin_error,
      name, ": a HEIC or AVIF picture that libheif cannot decode here (", message,
      "): its decoders are packages of their own (libheif-plugin-*). Or convert it to PNG or JPEG");
  fail(name, ": HEIC or AVIF damaged: ", message);
}

}  // namespace

Image decode_heif(std::span<const std::uint8_t> bytes, const ImageSource& source) {
  const std::string& name = source.name();
  const std::unique_ptr<heif_context, Release> context(heif_context_alloc());
  check(context != nullptr, name, ": not enough memory to read it");
  constexpr int max_side = 8192;
  heif_context_set_maximum_image_size_limit(context.get(), max_side);
  check_ok(heif_context_read_from_memory_without_copy(context.get(), bytes.data(), bytes.size(),
                                                      nullptr),
           name);
  heif_image_handle* raw_handle = nullptr;
  check_ok(heif_context_get_primary_image_handle(context.get(), &raw_handle), name);
  const std::unique_ptr<heif_image_handle, Release> handle(raw_handle);
  const int width = heif_image_handle_get_width(handle.get());
  const int height = heif_image_handle_get_height(handle.get());
  check_image_size(std::uint64_t(std::max(0, width)), std::uint64_t(std::max(0, height)), name);
  const bool has_alpha = heif_image_handle_has_alpha_channel(handle.get()) != 0;
  heif_image* raw_image = nullptr;
  // Rotations and mirrors that the file asks for are done by libheif.
  const std::unique_ptr<heif_decoding_options, Release> options(heif_decoding_options_alloc());
  check(options != nullptr, name, ": not enough memory to read it");
  options->ignore_transformations = source.as_stored() ? 1 : 0;
  check_ok(heif_decode_image(handle.get(), &raw_image, heif_colorspace_RGB,
                             has_alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB,
                             options.get()),
           name);
  const std::unique_ptr<heif_image, Release> decoded(raw_image);
  int stride = 0;
  const std::uint8_t* const pixels =
      heif_image_get_plane_readonly(decoded.get(), heif_channel_interleaved, &stride);
  const int decoded_width = heif_image_get_width(decoded.get(), heif_channel_interleaved);
  const int decoded_height = heif_image_get_height(decoded.get(), heif_channel_interleaved);
  check(pixels != nullptr && decoded_width > 0 && decoded_height > 0, name,
        ": HEIC or AVIF damaged: it has no pixels");
  check_image_size(std::uint64_t(decoded_width), std::uint64_t(decoded_height), name);
  Image image(decoded_width, decoded_height, has_alpha ? 4 : 3);
  const auto row = std::size_t(image.width) * std::size_t(image.channels);
  check(stride >= 0 && std::size_t(stride) >= row, name, ": HEIC or AVIF damaged: short rows");
  for (int y = 0; y < image.height; ++y)
    std::copy_n(pixels + std::size_t(y) * std::size_t(stride), row, image.at(0, y));
  return image;
}

#else

bool reads_heic() {
  return false;
}
bool reads_avif() {
  return false;
}

Image decode_heif(std::span<const std::uint8_t>, const ImageSource& source) {
  fail(
      source.name(),
      ": a HEIC or AVIF picture, as iPhones take, and this program was built without libheif: "
      "neither a PNG nor a JPEG. Convert it to one of them, for instance with ImageMagick (convert "
      "FILE picture.png), or build anew where libheif-dev is installed");
}

#endif

}  // namespace voxgrad
