// libFuzzer target of the checkpoint reader: any bytes give attributes and tensors, or an Error.
// CONTRIBUTING.md says how to run it.
#include "io/hdf5/hdf5.h"

#include <cstdlib>
#include <cstring>
#include <vector>

#include "tensor/error.h"

namespace {

template <class Read>
void attempt(Read read) {
  try {
    read();
  } catch (const voxgrad::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> image(data, data + size);
  // The length that the image states: as it is, a mutation that changes the size ends there.
  constexpr std::size_t end = 40;
  const std::uint64_t length = size;
  if (size >= end + sizeof length) std::memcpy(image.data() + end, &length, sizeof length);
  attempt([&] {
    const voxgrad::Hdf5Reader reader("input", image);
    attempt([&] { reader.text_attribute("", "config"); });
    attempt([&] { reader.int_attribute("training", "epoch"); });
    attempt([&] { reader.uint_attribute("training", "seed"); });
    attempt([&] { reader.double_attribute("", "threshold"); });
    for (const char* const group : {"model", "training/state"})
      attempt([&] {
        std::size_t bytes = 0;
        for (const auto& [name, tensor] : reader.tensors(group))
          bytes += std::size_t(tensor.numel()) * voxgrad::size_of(tensor.dtype());
        if (bytes > size) std::abort();
      });
  });
  return 0;
}
