// libFuzzer target of the binvox reader: any bytes give a grid of zeros and ones, or an Error.
// CONTRIBUTING.md says how to run it.
#include "voxels/grid/binvox.h"

#include <cstdlib>

#include "tensor/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const voxgrad::VoxelGrid grid = voxgrad::decode_binvox({data, size}, "input");
    const auto n = std::size_t(grid.n);
    if (n == 0 || grid.values.size() != n * n * n || !(grid.scale > 0)) std::abort();
    for (const float value : grid.values) {
      if (value != 0 && value != 1) std::abort();
    }
  } catch (const voxgrad::Error&) {
  }
  return 0;
}
