#include "voxels/grid/npy.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

#include "io/file.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr int kMaxSide = 512;
constexpr std::size_t kMaxHeaderBytes = 65536;
constexpr std::size_t kMaxFileBytes =
    sizeof(float) * kMaxSide * kMaxSide * kMaxSide + kMaxHeaderBytes;

/// The part of `text` between `before` and `after`.
std::string_view between(std::string_view text, std::string_view before, std::string_view after,
                         const std::string& name) {
  const std::size_t found = text.find(before);
  const std::size_t start = found + before.size();
  const std::size_t end = found == std::string_view::npos ? found : text.find(after, start);
  check(end != std::string_view::npos, name, ": npy header has no ", before, "...", after);
  return text.substr(start, end - start);
}

int cube_side(std::string_view shape, const std::string& name) {
  int sides[3] = {0, 0, 0};
  const char* at = shape.data();
  const char* const end = at + shape.size();
  for (int axis = 0; axis < 3; ++axis) {
    const auto [next, error] = std::from_chars(at, end, sides[axis]);
    const bool last = axis == 2;
    check(error == std::errc() && (last ? next == end : next != end && *next == ','), name,
          ": the array has shape (", shape, "), a grid needs (n, n, n)");
    at = last ? next : next + 1;
  }
  check(sides[0] == sides[1] && sides[0] == sides[2] && sides[0] >= 1 && sides[0] <= kMaxSide, name,
        ": the array has shape (", shape, "), a grid needs (n, n, n) with n in 1..", kMaxSide);
  return sides[0];
}

struct Layout {
  std::string type;  // as in the header: <f4, |u1, |b1
  int side = 0;
  std::size_t data_offset = 0;
};

Layout parse_header(std::span<const std::uint8_t> bytes, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  check(text.size() >= 12 && text.substr(0, kMagic.size()) == kMagic, name, ": not an npy file");
  const int version = bytes[6];
  check(version >= 1 && version <= 3, name, ": npy version ", version, " is unknown");
  const std::size_t start = version == 1 ? 10 : 12;
  std::size_t length = std::size_t(bytes[8]) | std::size_t(bytes[9]) << 8;
  if (version > 1) length |= std::size_t(bytes[10]) << 16 | std::size_t(bytes[11]) << 24;
  check(length <= kMaxHeaderBytes && length <= text.size() - start, name, ": npy header of ",
        length, " bytes is cut off or longer than ", kMaxHeaderBytes);

  std::string header(text.substr(start, length));
  std::erase_if(header, [](char c) { return c == ' ' || c == '\n'; });
  check(between(header, "'fortran_order':", ",", name) == "False", name,
        ": the array is in Fortran order: save numpy.ascontiguousarray of it");
  return {std::string(between(header, "'descr':'", "'", name)),
          cube_side(between(header, "'shape':(", ")", name), name), start + length};
}

}  // namespace

std::vector<std::uint8_t> encode_npy(const VoxelGrid& grid) {
  constexpr std::size_t prefix_bytes = 10, alignment = 64;
  std::string header = concat("{'descr': '<f4', 'fortran_order': False, 'shape': (", grid.n, ", ",
                              grid.n, ", ", grid.n, "), }");
  const std::size_t used = prefix_bytes + header.size() + 1;
  header.append((alignment - used % alignment) % alignment, ' ');
  header += '\n';

  const std::size_t data_offset = prefix_bytes + header.size();
  const std::size_t data_bytes = grid.values.size() * sizeof(float);
  std::vector<std::uint8_t> bytes(data_offset + data_bytes);
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  bytes[6] = 1;  // version 1.0
  bytes[8] = std::uint8_t(header.size() & 0xff);
  bytes[9] = std::uint8_t(header.size() >> 8);
  std::memcpy(bytes.data() + prefix_bytes, header.data(), header.size());
  std::memcpy(bytes.data() + data_offset, grid.values.data(), data_bytes);
  return bytes;
}

void write_npy(const VoxelGrid& grid, const std::filesystem::path& file) {
  write_file_atomically(file, encode_npy(grid));
}

VoxelGrid decode_npy(std::span<const std::uint8_t> bytes, const std::string& name) {
  const Layout layout = parse_header(bytes, name);
  const bool floats = layout.type == "<f4";
  check(floats || layout.type == "|u1" || layout.type == "|b1", name, ": the array has type ",
        layout.type, ": only float32, uint8 and bool can be read");
  const auto side = std::size_t(layout.side);
  const std::size_t volume = side * side * side;
  const auto data = bytes.subspan(layout.data_offset);
  const std::size_t needed = volume * (floats ? sizeof(float) : 1);
  check(data.size() == needed, name, ": ", data.size(), " bytes of data instead of ", needed,
        ": the file is cut off or damaged");
  VoxelGrid grid(layout.side);
  if (floats) {
    std::memcpy(grid.values.data(), data.data(), needed);
  } else {
    std::copy(data.begin(), data.end(), grid.values.begin());
  }
  for (const float value : grid.values) {
    check(std::isfinite(value), name, ": the array holds a value that is not finite");
  }
  return grid;
}

VoxelGrid read_npy(const std::filesystem::path& file) {
  return decode_npy(read_file(file, kMaxFileBytes), file.string());
}

}  // namespace voxgrad
