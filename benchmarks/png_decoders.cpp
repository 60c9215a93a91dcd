// Times PNG decoders on the pictures of a data set, one core, from memory:
//   benchmark_png_decoders DATA [IMAGES = 500] [ROUNDS = 7]
// Pictures per second of processor time, medians of the rounds. Ours checks every CRC and Adler-32,
// libpng what it does by default, stb_image (if libstb-dev is installed) none.
#include <fmt/core.h>
#include <png.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/file.h"
#include "tensor/error.h"
#include "voxels/image/image.h"

#if __has_include(<stb/stb_image.h>)
#define HAS_STB 1
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop
#endif

using namespace voxgrad;
using Bytes = std::vector<std::uint8_t>;

namespace {

std::vector<Bytes> read_pictures(const std::filesystem::path& root, std::size_t count) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
    if (entry.path().extension() == ".png") files.push_back(entry.path());
  check(!files.empty(), root.string(), ": no PNG files");
  std::ranges::sort(files);
  count = std::min(count, files.size());
  std::vector<Bytes> result;
  for (std::size_t i = 0; i < count; ++i)  // spread over the whole set
    result.push_back(read_file(files[i * files.size() / count], std::size_t(1) << 29));
  return result;
}

void decode_libpng(const Bytes& bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  check(png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()), image.message);
  Bytes pixels(PNG_IMAGE_SIZE(image));
  check(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr), image.message);
}

#ifdef HAS_STB
void decode_stb(const Bytes& bytes) {
  int width = 0, height = 0, channels = 0;
  stbi_uc* pixels =
      stbi_load_from_memory(bytes.data(), int(bytes.size()), &width, &height, &channels, 0);
  check(pixels != nullptr, stbi_failure_reason());
  stbi_image_free(pixels);
}
#endif

}  // namespace

int main(int argc, char** argv) try {
  check(argc >= 2 && argc <= 4, "usage: benchmark_png_decoders DATA [IMAGES = 500] [ROUNDS = 7]");
  const std::vector<Bytes> pictures = read_pictures(argv[1], argc > 2 ? std::stoul(argv[2]) : 500);
  const int rounds = argc > 3 ? std::stoi(argv[3]) : 7;
  const auto time = [&](const char* name, const std::function<void(const Bytes&)>& decode) {
    std::vector<double> seconds;
    for (int round = 0; round < rounds; ++round) {
      const std::clock_t start = std::clock();
      for (const Bytes& bytes : pictures) decode(bytes);
      seconds.push_back(double(std::clock() - start) / CLOCKS_PER_SEC);
    }
    std::ranges::sort(seconds);
    const double each = seconds[seconds.size() / 2] / double(pictures.size());
    fmt::print("{:<10} {:8.0f} pictures/s {:8.1f} us\n", name, 1 / each, 1e6 * each);
  };
  time("voxgrad", [](const Bytes& bytes) { decode_image(bytes, "picture"); });
  time("libpng", decode_libpng);
#ifdef HAS_STB
  time("stb_image", decode_stb);
#endif
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "benchmark_png_decoders: {}\n", error.what());
  return 1;
}
