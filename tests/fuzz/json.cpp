// libFuzzer target of the JSON files of data sets: taxonomies and pix3d.json.
#include "datasets/pix3d/annotations.h"
#include "datasets/shapenet/taxonomy.h"
#include "tensor/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    voxgrad::parse_taxonomy(text, "input");
  } catch (const voxgrad::Error&) {
  }
  try {
    voxgrad::parse_pix3d(text, "input");
  } catch (const voxgrad::Error&) {
  }
  return 0;
}
