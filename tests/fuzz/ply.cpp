// libFuzzer target of the PLY reader. CONTRIBUTING.md says how to run it.
#include "tests/fuzz/mesh_input.h"
#include "voxels/mesh/ply_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  voxgrad::testing::expect_mesh_or_error([&] {
    return voxgrad::decode_ply({data, size}, "input");
  });
  return 0;
}
