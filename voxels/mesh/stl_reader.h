// Reads STL files, text and binary. Our own reader, because assimp's (up to 5.2) refuses capitals,
// blanks before "solid" and bytes after the last facet, and keeps coordinates in float.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// Binary if the count at byte 80 fits the size, regardless of the first word. A count of 0 before
/// more data (some programs never write it) becomes as many facets as there are; what follows the
/// last facet is passed over. Facets may have the colours of Materialise Magics ("COLOR=" in the
/// header) or VisCAM; else they are grey. In text, several solids count as one. `name` stands in
/// the messages. Error, with a reason, for anything that is not understood or cut off.
Mesh decode_stl(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace voxgrad
