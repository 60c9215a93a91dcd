#include "tests/voxels/grids.h"

#include <algorithm>

namespace voxgrad::testing {

VoxelGrid random_grid(int n, double occupied, std::uint64_t seed) {
  VoxelGrid grid(n);
  Rng rng(seed);
  for (float& value : grid.values) value = rng.uniform() < occupied ? 1.0f : 0.0f;
  return grid;
}

Bytes inserted(const Bytes& bytes, std::size_t offset, const Bytes& more) {
  Bytes result(bytes.size() + more.size());
  const auto middle = bytes.begin() + std::ptrdiff_t(offset);
  auto out = std::copy(bytes.begin(), middle, result.begin());
  out = std::copy(more.begin(), more.end(), out);
  std::copy(middle, bytes.end(), out);
  return result;
}

namespace {

void decode_into(MutantCount& counted, const Bytes& bytes,
                 const std::function<void(const Bytes&)>& decode) {
  try {
    decode(bytes);
    ++counted.accepted;
  } catch (const Error& error) {
    CHECK(std::string(error.what()).size() > 5);
    ++counted.refused;
  }
}

}  // namespace

MutantCount decode_flipped(const Bytes& bytes, int count,
                           const std::function<void(const Bytes&)>& decode) {
  MutantCount counted;
  const std::size_t bits = 8 * bytes.size();
  for (int i = 0; i < count; ++i) {
    const std::size_t bit = bits * std::size_t(i) / std::size_t(count) + std::size_t(i) % 8;
    Bytes mutant = bytes;
    mutant[bit / 8 % bytes.size()] ^= std::uint8_t(1 << bit % 8);
    decode_into(counted, mutant, decode);
  }
  return counted;
}

MutantCount decode_cut(const Bytes& bytes, int count,
                       const std::function<void(const Bytes&)>& decode) {
  MutantCount counted;
  for (int i = 0; i < count; ++i) {
    const std::size_t kept = bytes.size() * std::size_t(i) / std::size_t(count);
    decode_into(counted, Bytes(bytes.begin(), bytes.begin() + std::ptrdiff_t(kept)), decode);
  }
  return counted;
}

}  // namespace voxgrad::testing
