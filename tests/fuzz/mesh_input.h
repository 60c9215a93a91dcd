// What the libFuzzer targets of mesh readers share: any bytes give a mesh whose triangles are
// sound, or an Error.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "tensor/error.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad::testing {

template <class Decode>
void expect_mesh_or_error(const Decode& decode) {
  try {
    const Mesh mesh = decode();
    if (mesh.triangles.empty() || mesh.colors.size() != mesh.triangles.size()) std::abort();
    for (const auto& triangle : mesh.triangles) {
      for (const std::uint32_t corner : triangle) {
        if (corner >= mesh.vertices.size()) std::abort();
      }
    }
  } catch (const Error&) {
  }
}

}  // namespace voxgrad::testing
