#include "io/checksummed_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "io/file.h"

namespace voxgrad {
namespace {

static_assert(std::endian::native == std::endian::little,
              "trailers are written in the byte order of memory");

constexpr std::size_t max_bytes = std::size_t{64} << 30;

struct Trailer {
  std::array<char, 8> magic{'V', 'O', 'X', 'G', 'R', 'A', 'D', '1'};
  std::uint64_t length = 0;
  std::uint64_t checksum = 0;
};
static_assert(sizeof(Trailer) == 24);

std::uint64_t mix(std::uint64_t state, std::uint64_t word) {
  return std::rotl((state ^ word) * 0x9e3779b97f4a7c15u, 29);
}

}  // namespace

std::uint64_t checksum(std::span<const std::uint8_t> bytes) {
  std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};
  constexpr std::size_t block_size = sizeof lanes;
  const std::size_t length = bytes.size();
  while (!bytes.empty()) {
    std::array<std::uint64_t, 4> block{};  // a short last block is filled up with zeros
    const std::size_t count = std::min(block_size, bytes.size());
    std::memcpy(block.data(), bytes.data(), count);
    for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = mix(lanes[i], block[i]);
    bytes = bytes.subspan(count);
  }
  std::uint64_t result = length;
  for (const std::uint64_t lane : lanes) result = mix(result, lane);
  return result;
}

void write_checksummed(const std::filesystem::path& file, std::vector<std::uint8_t> contents) {
  Trailer trailer;
  trailer.length = contents.size();
  trailer.checksum = checksum(contents);
  const auto* begin = reinterpret_cast<const std::uint8_t*>(&trailer);
  contents.insert(contents.end(), begin, begin + sizeof trailer);
  write_file_atomically(file, contents);
}

std::vector<std::uint8_t> read_checksummed(const std::filesystem::path& file) {
  std::vector<std::uint8_t> bytes = read_file(file, max_bytes);
  Trailer trailer;
  check<DamagedFile>(bytes.size() > sizeof trailer, file.string(), ": has only ", bytes.size(),
                     " bytes: cut off, or not a checkpoint");
  const std::size_t length = bytes.size() - sizeof trailer;
  std::memcpy(&trailer, bytes.data() + length, sizeof trailer);
  check<DamagedFile>(trailer.magic == Trailer{}.magic, file.string(), ": no checksum at offset ",
                     length,
                     ": cut off, changed by another program, or not a checkpoint of Voxgrad");
  check<DamagedFile>(trailer.length == length, file.string(), ": the trailer says ", trailer.length,
                     " bytes, the file has ", length, ": damaged");
  bytes.resize(length);
  check<DamagedFile>(trailer.checksum == checksum(bytes), file.string(),
                     ": the checksum does not fit the contents: damaged");
  return bytes;
}

}  // namespace voxgrad
