#include "voxels/mesh/mesh_pictures.h"

#include <algorithm>
#include <cmath>

#include "tensor/error.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

constexpr std::size_t max_pictures = 256, max_notes = 100;

// RGB 0..1 and how much of the pixel is covered.
std::pair<MeshColor, float> pixel_of(const Image& image, int x, int y) {
  const std::uint8_t* p = image.at(x, y);
  const bool grey = image.channels < 3;
  const MeshColor color{float(p[0]) / 255, float(p[grey ? 0 : 1]) / 255,
                        float(p[grey ? 0 : 2]) / 255};
  const bool alpha = image.channels % 2 == 0;
  return {color, alpha ? float(p[image.channels - 1]) / 255 : 1.0f};
}

MeshColor mean_of(const Image& image) {
  std::array<double, 3> sum{}, plain_sum{};
  double weight = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const auto [color, cover] = pixel_of(image, x, y);
      for (std::size_t c = 0; c < 3; ++c) {
        sum[c] += double(color[c]) * cover;
        plain_sum[c] += color[c];
      }
      weight += cover;
    }
  }
  const double pixels = double(image.width) * image.height;
  MeshColor mean;
  for (std::size_t c = 0; c < 3; ++c) {
    mean[c] = float(weight > 0 ? sum[c] / weight : plain_sum[c] / pixels);
  }
  return mean;
}

MeshColor sample(const Image& image, const TexturePoint& at) {
  const auto place = [](double t, int size) {
    t -= std::floor(t);
    return std::isfinite(t) ? std::min(int(t * size), size - 1) : 0;
  };
  return pixel_of(image, place(at[0], image.width), place(1 - at[1], image.height)).first;
}

}  // namespace

MeshPicture::MeshPicture(Image image) : image_(std::move(image)), mean_(mean_of(image_)) {}

MeshColor MeshPicture::color(std::span<const TexturePoint> corners) const {
  if (corners.empty()) return mean_;
  TexturePoint middle{};
  for (const TexturePoint& corner : corners) {
    for (std::size_t i = 0; i < 2; ++i) middle[i] += corner[i] / double(corners.size());
  }
  MeshColor sum = sample(image_, middle);
  for (const TexturePoint& corner : corners) {
    sum = sum + sample(image_, {(corner[0] + middle[0]) / 2, (corner[1] + middle[1]) / 2});
  }
  return 1 / float(corners.size() + 1) * sum;
}

std::unique_ptr<MeshPicture> MeshPictures::read(const std::string& name) {
  std::string problem = "there is no such file";
  try {
    if (pictures_.size() >= max_pictures || bytes_left_ == 0) {
      problem = "too many pictures";
    } else if (auto image = reader_(name)) {
      auto picture = std::make_unique<MeshPicture>(std::move(*image));
      bytes_left_ -= std::min(bytes_left_, picture->size_bytes());
      return picture;
    }
  } catch (const Error& error) {
    problem = error.what();
  }
  if (notes_.size() < max_notes) {
    notes_.push_back(concat("texture '", name.substr(0, 200), "' cannot be read: ", problem));
  }
  return nullptr;
}

const MeshPicture* MeshPictures::find(const std::string& name) {
  const auto found = pictures_.find(name);
  if (found != pictures_.end()) return found->second.get();
  return pictures_.emplace(name, read(name)).first->second.get();
}

MeshPictures::Reader picture_files(const SideFile& side_file) {
  return [side_file](const std::string& name) -> std::optional<Image> {
    const auto bytes = side_file(name);
    if (!bytes) return std::nullopt;
    return decode_image(*bytes, name);
  };
}

}  // namespace voxgrad
