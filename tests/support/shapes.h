// Small meshes that the tests of voxelising, rendering and building share.
#pragma once

#include <filesystem>
#include <string>

#include "voxels/mesh/mesh.h"

namespace voxgrad::testing {

/// A closed box, wound outwards, 12 triangles in the order -x, +x, -y, +y, -z, +z.
Mesh box(const Vec3& low, const Vec3& high);
/// A sphere around the origin of 2 * rings * rings triangles.
Mesh sphere(double radius, int rings);
/// b's triangles after a's.
Mesh joined(const Mesh& a, const Mesh& b);
/// The other winding.
Mesh flipped(Mesh mesh);
/// Moved by (dx, dy, dz).
Mesh moved(Mesh mesh, const Vec3& by);

void write_text(const std::filesystem::path& file, const std::string& text);
/// An OBJ of the mesh, without materials.
std::string obj_text(const Mesh& mesh);

}  // namespace voxgrad::testing
