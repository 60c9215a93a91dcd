// Reads Wavefront OBJ with its material files. Our own reader, because assimp's (up to 5.2) keeps
// coordinates in float and refuses meshes for details that a shape does not need: texture
// coordinates of one number or missing ones, indices into them, numbers such as .5, and material
// keys that it takes for others.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// Gives the bytes of a file named in the mesh (relative to it), or nothing if it cannot be read.
using SideFile = std::function<std::optional<std::vector<std::uint8_t>>(const std::string& name)>;

/// Faces (f, fo) become triangles; lines, points, curves and surfaces are passed over. A triangle's
/// colour is the mean of its vertices' (v x y z r g b) if one of them has one, else its material's
/// Kd. Where Kd is black or missing and the material has a picture (map_Kd), it is the picture's
/// mean at the triangle, or of the whole picture where the face has no texture coordinates. Else it
/// is grey. Material files and pictures that cannot be read are named in the mesh's notes and cost
/// nothing else. `name` stands in the messages. Error, with the line's number, for a vertex or face
/// that is not understood and for indices of vertices out of range.
Mesh decode_obj(std::span<const std::uint8_t> bytes, const SideFile& side_file,
                const std::string& name);

}  // namespace voxgrad
