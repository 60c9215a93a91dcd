// The materials of an OBJ mesh: colours, and pictures where there is no colour.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "voxels/image/image.h"
#include "voxels/mesh/face_builder.h"
#include "voxels/mesh/mtl_reader.h"
#include "voxels/mesh/obj_reader.h"

namespace voxgrad {

/// A place in a picture: u to the right, v up, 0..1, repeated beyond.
using TexturePoint = std::array<double, 2>;

class ObjMaterials {
 public:
  /// Of faces without a material.
  static constexpr MeshColor plain{0.6f, 0.6f, 0.6f};

  explicit ObjMaterials(const SideFile& side_file) : side_file_(side_file) {}

  /// A line `mtllib`: one name, which may hold blanks, or several.
  void read_libraries(std::string_view names);
  /// A line `usemtl`.
  void use(std::string_view name);
  /// Of a face of the material in use; `corners` is empty where the face has no texture
  /// coordinates.
  MeshColor color(const std::vector<TexturePoint>& corners) const;
  /// What could not be read, each once.
  std::vector<std::string> take_notes() { return std::move(notes_); }

 private:
  struct Picture {
    Image image;
    MeshColor mean{};
  };
  bool read_library(const std::string& name);
  std::unique_ptr<Picture> read_picture(const std::string& name);
  const Picture* picture(const std::string& name);

  const SideFile& side_file_;
  std::map<std::string, ObjMaterial, std::less<>> materials_;
  std::map<std::string, std::unique_ptr<Picture>> pictures_;  // null: cannot be read
  MeshColor color_ = plain;
  const Picture* picture_ = nullptr;  // of the material in use, if it decides the colour
  std::vector<std::string> notes_;
};

}  // namespace voxgrad
