// Grids, bytes and expectations that the tests of voxels/ share.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "tensor/rng.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"
#include "voxels/grid/grid.h"

namespace voxgrad::testing {

/// Each voxel occupied with the given probability.
VoxelGrid random_grid(int n, double occupied, std::uint64_t seed);

/// What happened to damaged copies of a file.
struct MutantCount {
  int refused = 0, accepted = 0;
};

using Bytes = std::vector<std::uint8_t>;

/// A copy of `bytes` with `more` put in at an offset.
Bytes inserted(const Bytes& bytes, std::size_t offset, const Bytes& more);

/// Decodes copies with one bit flipped at `count` places spread evenly. Each decode must give a
/// result or an Error; anything else fails the test.
MutantCount decode_flipped(const Bytes& bytes, int count, const std::function<void(const Bytes&)>&);
/// Decodes the first k bytes for `count` values of k < size.
MutantCount decode_cut(const Bytes& bytes, int count, const std::function<void(const Bytes&)>&);

}  // namespace voxgrad::testing
