// Mends what keeps assimp (up to 5.2) from reading sound glTF and COLLADA files, before it sees
// them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// %XX of a URI as bytes; a sign that is no escape stays.
std::string percent_decoded(const std::string& uri);

/// A GLB whose chunks begin where they should: the lengths of chunks are made multiples of four,
/// the JSON chunk padded with blanks, and the file's length is that of the chunks. Bytes that are
/// no GLB of version 2 come back as they are.
std::vector<std::uint8_t> clean_glb(std::vector<std::uint8_t> bytes);

/// glTF's JSON without a byte-order mark.
std::vector<std::uint8_t> clean_gltf(std::vector<std::uint8_t> bytes);

struct CleanCollada {
  std::vector<std::uint8_t> bytes;
  /// To be added to all positions of the geometries, before the nodes' transforms.
  Vec3 offset{};
};
/// COLLADA text whose numbers assimp reads: those of <float_array> in a plain form, without blanks
/// around the values of count, offset, stride and set. assimp keeps floats: positions far from the
/// origin (more than 64 times the size of all geometries) are moved to it.
CleanCollada clean_collada(const std::vector<std::uint8_t>& bytes, const std::string& name);

}  // namespace voxgrad
