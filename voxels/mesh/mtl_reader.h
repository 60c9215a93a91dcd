// Reads the material files (MTL) of OBJ meshes. What a line says that is not understood is passed
// over: a material never costs the mesh.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

namespace voxgrad {

struct ObjMaterial {
  std::optional<std::array<float, 3>> diffuse;  // Kd, clamped to 0..1
  std::string diffuse_map;                      // map_Kd: the file as written, without options
};

/// Materials by name. The first one of a name counts.
std::map<std::string, ObjMaterial, std::less<>> decode_mtl(std::span<const std::uint8_t> bytes);

}  // namespace voxgrad
