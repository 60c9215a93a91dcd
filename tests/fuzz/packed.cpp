// libFuzzer target of packed data sets: pictures and volumes, or an Error.
#include "datasets/packed/packed.h"

#include <algorithm>

#include "tensor/error.h"
#include "tests/fuzz/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const voxgrad::testing::InputFile file(data, size);
  try {
    const voxgrad::PackedDataset dataset(file.path(), "train");
    for (std::int64_t i = 0; i < std::min<std::int64_t>(dataset.size(), 3); ++i) {
      if (dataset.view_count(i) > 0) dataset.view(i, 0);
      dataset.volume(i);
    }
  } catch (const voxgrad::Error&) {
  }
  return 0;
}
