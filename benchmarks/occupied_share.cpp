// From which share of a cell on it counts as occupied when a fine grid becomes a coarse one: the
// mean IoU of meshes voxelised at 128^3 and brought to 32^3 (voxels/grid/fit.h) with the same
// meshes voxelised at 32^3.
//   benchmark_occupied_share MESH...
#include <array>
#include <cstdio>
#include <exception>

#include "voxels/grid/fit.h"
#include "voxels/mesh/mesh_reader.h"
#include "voxels/voxelize/voxelize.h"

int main(int count, char** words) {
  using namespace voxgrad;
  constexpr std::array shares{0.01, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5};
  std::array<double, shares.size()> sums{};
  int meshes = 0;
  for (int i = 1; i < count; ++i) {
    try {
      const Mesh mesh = read_mesh(std::filesystem::path(words[i]));
      const VoxelGrid coarse = voxelize(mesh, 32), fine = voxelize(mesh, 128);
      for (std::size_t k = 0; k < shares.size(); ++k)
        sums[k] += intersection_over_union(fit_to_cube(fine, 32, shares[k]), coarse, 0.5);
      ++meshes;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
  }
  std::printf("%d meshes\n", meshes);
  for (std::size_t k = 0; k < shares.size() && meshes > 0; ++k)
    std::printf("share %.2f  mean IoU %.4f\n", shares[k], sums[k] / meshes);
  return meshes > 0 ? 0 : 1;
}
