// Reads OFF files (Geomview's object file format, the form of ModelNet): ASCII, polygons of any
// size, colours a face or a vertex (COFF). Our own reader, because assimp's (up to 5.2) ends the
// program on files that are cut off.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// Polygons are cut into fans. A triangle's colour is its face's, else its vertices' mean, else
/// grey; colours with a decimal point count up to 1, whole ones up to 255. Comments (#) may stand
/// anywhere, and the counts right behind "OFF", as in ModelNet. `name` stands in the messages.
/// Error, with the line's number, for anything that is not understood, missing data, indices out of
/// range and more than max_mesh_triangles triangles.
Mesh decode_off(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace voxgrad
