// Reads triangle meshes: OBJ with MTL, OFF, PLY and STL with readers of our own; glTF, GLB and
// COLLADA (DAE) with assimp.
//
// The nodes' transforms are applied, polygons become triangles (voxels/mesh/polygon.h), lines and
// points go, and so do triangles without area. Coordinates stay as in the file, in double as far as
// the file goes; y is taken as up (COLLADA files that say otherwise are turned). A triangle's
// colour is the file's for the face or, as a mean, for its vertices, else its material's diffuse
// colour, clamped to 0..1; glTF's linear colours become sRGB. Where a material's colour is a
// picture (texture), the triangle has the picture's mean colour there (for OBJ: where Kd is black
// or missing, voxels/mesh/obj_reader.h). What was passed over is in Mesh::notes. Errors name the
// file: not a regular file, over the limits below, not understood, no triangle.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "voxels/mesh/mesh.h"

namespace voxgrad {

constexpr std::size_t max_mesh_file_bytes = std::size_t{256} << 20;
constexpr std::size_t max_mesh_triangles = 10'000'000;

/// Suffixes that read_mesh understands, in lower case with the dot.
const std::vector<std::string>& mesh_suffixes();
bool is_mesh_file(const std::filesystem::path& file);

Mesh read_mesh(const std::filesystem::path& file);

/// Gives the bytes of the file with this path ('/' between folders), or nothing if there is none.
using FileLookup = std::function<std::optional<std::vector<std::uint8_t>>(const std::string& path)>;
/// Reads the mesh `path` and what it refers to through `lookup`, for example out of an archive.
/// `name` stands in the messages.
Mesh read_mesh(const std::string& path, const FileLookup& lookup, const std::string& name);

}  // namespace voxgrad
