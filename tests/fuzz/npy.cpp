// libFuzzer target of NumPy volumes.
#include "voxels/grid/npy.h"

#include <cmath>
#include <cstdlib>

#include "tensor/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const voxgrad::VoxelGrid grid = voxgrad::decode_npy({data, size}, "input");
    const auto n = std::size_t(grid.n);
    if (n == 0 || grid.values.size() != n * n * n) std::abort();
    for (const float value : grid.values)
      if (!std::isfinite(value)) std::abort();
  } catch (const voxgrad::Error&) {
  }
  return 0;
}
