// libFuzzer target of the OBJ and MTL readers: the same bytes are the mesh and each file that it
// names (as a picture, they are hardly ever one). CONTRIBUTING.md says how to run it.
#include "tests/fuzz/mesh_input.h"
#include "voxels/mesh/obj_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const voxgrad::SideFile side_file = [&](const std::string&) {
    return std::optional(std::vector<std::uint8_t>(data, data + size));
  };
  voxgrad::testing::expect_mesh_or_error([&] {
    return voxgrad::decode_obj({data, size}, side_file, "input");
  });
  return 0;
}
