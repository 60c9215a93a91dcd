// libFuzzer target of foreign weights: PyTorch's two forms and safetensors, told by their first
// bytes. Any bytes give tensors that are no larger than the file, or an Error.
#include <cstdlib>

#include "io/foreign_weights.h"
#include "tensor/error.h"
#include "tests/fuzz/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const voxgrad::testing::InputFile file(data, size);
  try {
    if (voxgrad::weights_format(file.path()) == voxgrad::WeightsFormat::hdf5) return 0;
    for (const auto& [name, tensor] : voxgrad::read_foreign_weights(file.path()).tensors)
      if (tensor.numel() < 0) std::abort();
  } catch (const voxgrad::Error&) {
  }
  return 0;
}
