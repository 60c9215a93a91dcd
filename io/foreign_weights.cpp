#include "io/foreign_weights.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

#include "io/torch/safetensors.h"
#include "io/torch/torch_reader.h"
#include "tensor/error.h"

namespace voxgrad {

WeightsFormat weights_format(const std::filesystem::path& file) {
  std::array<unsigned char, 512> head{};
  check(std::filesystem::is_regular_file(file), file.string(), ": no such file");
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char*>(head.data()), std::streamsize(head.size()));
  const std::size_t size = std::size_t(in.gcount());
  const auto begins = [&](const void* bytes, std::size_t count) {
    return size >= count && std::memcmp(head.data(), bytes, count) == 0;
  };
  if (begins("\x89HDF\r\n\x1a\n", 8)) return WeightsFormat::hdf5;
  if (begins("PK\x03\x04", 4)) return WeightsFormat::torch_zip;
  if (begins(torch_io::legacy_magic, sizeof(torch_io::legacy_magic)))
    return WeightsFormat::torch_legacy;
  check(!(size > 262 && std::memcmp(head.data() + 257, "ustar", 5) == 0), file.string(),
        ": a tar archive, as PyTorch wrote them before version 0.2. Load and save it again with a "
        "newer PyTorch");
  check(!(size > 1 && head[0] == 0x80 && head[1] <= 5 && head[1] >= 2 && head[2] != 0),
        file.string(),
        ": a pickle, but not of torch.save. It is not read: unpickling can execute anything");
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | head[std::size_t(i)];
  if (size > 8 && head[8] == '{' && length <= torch_io::max_safetensors_header)
    return WeightsFormat::safetensors;
  fail(file.string(),
       ": not a file of weights. Known are checkpoints of Voxgrad (.h5), PyTorch's .pth "
       "and .pt, and .safetensors");
}

ForeignWeights read_foreign_weights(const std::filesystem::path& file) {
  switch (weights_format(file)) {
    case WeightsFormat::torch_zip:
      return torch_io::read_zip(file);
    case WeightsFormat::torch_legacy:
      return torch_io::read_legacy(file);
    case WeightsFormat::safetensors:
      return torch_io::read_safetensors(file);
    case WeightsFormat::hdf5:
      break;
  }
  fail(file.string(), ": a checkpoint of Voxgrad, not of another program");
}

}  // namespace voxgrad
