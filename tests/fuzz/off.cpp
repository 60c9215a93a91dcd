// libFuzzer target of the OFF reader. CONTRIBUTING.md says how to run it.
#include "tests/fuzz/mesh_input.h"
#include "voxels/mesh/off_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  voxgrad::testing::expect_mesh_or_error([&] {
    return voxgrad::decode_off({data, size}, "input");
  });
  return 0;
}
