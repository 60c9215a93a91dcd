// Writes meshes as OBJ, PLY, STL or GLB, chosen by the suffix. Coordinates stay as they are.
// Colours of vertices are kept by OBJ (three more numbers per vertex, which MeshLab and Blender
// read), PLY and GLB; those of triangles by PLY alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// Writes atomically. ConfigError for another suffix; Error if a triangle uses a vertex that does
/// not exist, a coordinate is not finite, or the file cannot be written. A mesh without triangles
/// gives a valid, empty file.
void write_mesh(const Mesh& mesh, const std::filesystem::path& file);

/// Wavefront OBJ: text, shared vertices, coordinates in full precision.
std::vector<std::uint8_t> encode_obj(const Mesh& mesh);
/// Stanford PLY: binary little-endian, float32 coordinates, faces with or without RGB.
std::vector<std::uint8_t> encode_ply(const Mesh& mesh);
/// Binary STL: float32 corners of each triangle and its normal.
std::vector<std::uint8_t> encode_stl(const Mesh& mesh);
/// Binary glTF 2.0: float32 positions and 32-bit indices in one buffer.
std::vector<std::uint8_t> encode_glb(const Mesh& mesh);

}  // namespace voxgrad
