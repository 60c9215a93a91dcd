#include "voxels/mesh/obj_materials.h"

#include <algorithm>
#include <filesystem>

#include "tensor/error.h"
#include "voxels/mesh/mesh_text.h"

namespace voxgrad {
namespace {

// Darker than any paint: exporters write it where a picture gives the colour.
constexpr float black = 0.004f;
constexpr std::size_t max_notes = 100, max_libraries = 1000;

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
  picture_ = pictures_.find(material.diffuse_map);
  if (picture_ == nullptr) color_ = plain;
}

MeshColor ObjMaterials::color(const std::vector<TexturePoint>& corners) const {
  return picture_ == nullptr ? color_ : picture_->color(corners);
}

std::vector<std::string> ObjMaterials::take_notes() {
  std::vector<std::string> notes = std::move(notes_);
  for (std::string& note : pictures_.take_notes()) notes.push_back(std::move(note));
  return notes;
}

}  // namespace voxgrad
