// The materials of an OBJ mesh: colours, and pictures where there is no colour.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "voxels/mesh/face_builder.h"
#include "voxels/mesh/mesh_pictures.h"
#include "voxels/mesh/mtl_reader.h"
#include "voxels/mesh/obj_reader.h"

namespace voxgrad {

class ObjMaterials {
 public:
  /// Of faces without a material.
  static constexpr MeshColor plain{0.6f, 0.6f, 0.6f};

  explicit ObjMaterials(const SideFile& side_file)
      : side_file_(side_file), pictures_(picture_files(side_file)) {}

  /// A line `mtllib`: one name, which may hold blanks, or several.
  void read_libraries(std::string_view names);
  /// A line `usemtl`.
  void use(std::string_view name);
  /// Of a face of the material in use; `corners` is empty where the face has no texture
  /// coordinates.
  MeshColor color(const std::vector<TexturePoint>& corners) const;
  /// What could not be read, each once.
  std::vector<std::string> take_notes();

 private:
  bool read_library(const std::string& name);

  const SideFile& side_file_;
  std::map<std::string, ObjMaterial, std::less<>> materials_;
  MeshPictures pictures_;
  MeshColor color_ = plain;
  const MeshPicture* picture_ = nullptr;  // of the material in use, if it decides the colour
  std::vector<std::string> notes_;
};

}  // namespace voxgrad
