// libFuzzer target of configurations. What can be read can be written and read again.
#include <cstdlib>

#include "pix2vox/config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const voxgrad::Config config =
        voxgrad::parse_config({reinterpret_cast<const char*>(data), size}, "input");
    if (!(voxgrad::parse_config(voxgrad::to_yaml(config), "again") == config)) std::abort();
  } catch (const voxgrad::Error&) {
  }
  return 0;
}
