// Reads OFF files (Geomview's object file format, the form of ModelNet): text and binary, polygons
// of any size, colours per face or vertex. Our own reader, because assimp's (up to 5.2) ends the
// program on files that are cut off.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// The keyword ([ST][C][N][4][n]OFF, capitals or not) may be missing, and the counts may follow it
/// without a blank, as in ModelNet. Comments (#) may stand anywhere. A record usually has a line of
/// its own; else the file is a stream of numbers, as Geomview reads it.
/// Polygons are cut by PolygonCutter. A triangle's colour is its face's, else its vertices' mean,
/// else grey; colours with a decimal point count up to 1, whole ones up to 255. `name` stands in
/// the messages. Error, with the line's number, for anything that is not understood, missing data,
/// indices out of range, more than three dimensions and more than max_mesh_triangles triangles.
Mesh decode_off(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace voxgrad
