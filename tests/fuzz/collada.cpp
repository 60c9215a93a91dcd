// libFuzzer target of what is mended before assimp reads COLLADA and GLB: any bytes give bytes or
// an Error. CONTRIBUTING.md says how to run it.
#include "tensor/error.h"
#include "voxels/mesh/assimp_cleaning.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::uint8_t> bytes(data, data + size);
  voxgrad::clean_glb(bytes);
  try {
    voxgrad::clean_collada(bytes, "input");
  } catch (const voxgrad::Error&) {
  }
  return 0;
}
