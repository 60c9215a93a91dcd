// The triangles of a scene that assimp has read, with their colours.
#pragma once

#include <assimp/scene.h>

#include <string>

#include "voxels/mesh/mesh.h"
#include "voxels/mesh/obj_reader.h"

namespace voxgrad {

/// All parts, with the transforms of their nodes. `offset` is added to the parts' vertices before;
/// `linear_colors` are glTF's, which become sRGB. A triangle's colour is the mean of its vertices',
/// else its material's picture (embedded, or a file beside the mesh) at the triangle, else its
/// material's diffuse colour. Pictures that cannot be read are in the mesh's notes. `name` of the
/// file stands in messages. Error for more than max_mesh_triangles.
Mesh collect_triangles(const aiScene& scene, const Vec3& offset, bool linear_colors,
                       const SideFile& side_file, const std::string& name);

}  // namespace voxgrad
