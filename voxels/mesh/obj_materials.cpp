#include "voxels/mesh/obj_materials.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "tensor/error.h"
#include "voxels/mesh/mesh_text.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

// Darker than any paint: exporters write it where a picture gives the colour.
constexpr float black = 0.004f;
constexpr std::size_t max_pictures = 256, max_notes = 100, max_libraries = 1000;

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

bool ObjMaterials::read_library(const std::string& name) {
  const auto bytes = side_file_(name);
  if (!bytes) return false;
  const std::string folder = std::filesystem::path(name).parent_path().generic_string();
  for (auto& [key, material] : decode_mtl(*bytes)) {
    // Pictures are named from the folder of their library.
    if (!material.diffuse_map.empty() && !folder.empty()) {
      material.diffuse_map = folder + "/" + material.diffuse_map;
    }
    materials_.try_emplace(key, std::move(material));
  }
  return true;
}

void ObjMaterials::read_libraries(std::string_view names) {
  names = trimmed(names);
  const auto note = [&](std::string_view name) {
    if (notes_.size() < max_notes) {
      notes_.push_back(concat("material file '", name.substr(0, 200), "' cannot be read"));
    }
  };
  if (names.empty() || read_library(std::string(names))) return;
  if (names.find(' ') == std::string_view::npos) return note(names);
  bool any = false;
  std::string_view rest = names;
  std::size_t count = 0;
  for (auto word = take_word(rest); !word.empty() && count < max_libraries;
       word = take_word(rest), ++count) {
    any = read_library(std::string(word)) || any;
  }
  if (!any) note(names);
}

std::unique_ptr<ObjMaterials::Picture> ObjMaterials::read_picture(const std::string& name) {
  std::string problem = "there is no such file";
  try {
    if (pictures_.size() >= max_pictures) {
      problem = "too many pictures";
    } else if (const auto bytes = side_file_(name)) {
      auto picture = std::make_unique<Picture>();
      picture->image = decode_image(*bytes, name);
      picture->mean = mean_of(picture->image);
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

const ObjMaterials::Picture* ObjMaterials::picture(const std::string& name) {
  const auto found = pictures_.find(name);
  if (found != pictures_.end()) return found->second.get();
  return pictures_.emplace(name, read_picture(name)).first->second.get();
}

void ObjMaterials::use(std::string_view name) {
  color_ = plain;
  picture_ = nullptr;
  const auto found = materials_.find(trimmed(name));
  if (found == materials_.end()) return;
  const ObjMaterial& material = found->second;
  if (material.diffuse) color_ = *material.diffuse;
  const bool colourless =
      !material.diffuse || *std::max_element(color_.begin(), color_.end()) <= black;
  if (!colourless || material.diffuse_map.empty()) return;
  picture_ = picture(material.diffuse_map);
  if (picture_ == nullptr) color_ = plain;
}

MeshColor ObjMaterials::color(const std::vector<TexturePoint>& corners) const {
  if (picture_ == nullptr) return color_;
  if (corners.empty()) return picture_->mean;
  TexturePoint middle{};
  for (const TexturePoint& corner : corners) {
    for (std::size_t i = 0; i < 2; ++i) middle[i] += corner[i] / double(corners.size());
  }
  // The middle and, for each corner, a place half way to it.
  MeshColor sum = sample(picture_->image, middle);
  for (const TexturePoint& corner : corners) {
    sum = sum + sample(picture_->image, {(corner[0] + middle[0]) / 2, (corner[1] + middle[1]) / 2});
  }
  return 1 / float(corners.size() + 1) * sum;
}

}  // namespace voxgrad
