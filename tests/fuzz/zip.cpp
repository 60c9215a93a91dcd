// libFuzzer target of ZIP archives: every entry, as far as it is small.
#include <cstdlib>

#include "io/zip_archive.h"
#include "tensor/error.h"
#include "tests/fuzz/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t most = 1 << 20;
  const voxgrad::testing::InputFile file(data, size);
  try {
    const voxgrad::ZipArchive archive(file.path());
    int entries = 0;
    for (const std::string& name : archive.names()) {
      if (++entries > 100) break;
      try {
        const auto bytes = archive.read(name, most);
        if (bytes && bytes->size() > most) std::abort();
      } catch (const voxgrad::Error&) {
      }
    }
  } catch (const voxgrad::Error&) {
  }
  return 0;
}
