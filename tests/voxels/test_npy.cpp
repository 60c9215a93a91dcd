#include <doctest/doctest.h>

#include <cstring>
#include <limits>

#include "tests/voxels/grids.h"
#include "voxels/grid/npy.h"

using namespace voxgrad;
using testing::Bytes;
using testing::error_of;

namespace {

/// An npy file as numpy.save writes it (version 1.0), with any header text and data.
Bytes npy(std::string header, const Bytes& data) {
  header.resize((header.size() + 11 + 63) / 64 * 64 - 11, ' ');
  header += '\n';
  const std::string text = std::string("\x93NUMPY\x01\0", 8) + char(header.size()) + '\0' + header;
  Bytes bytes(text.begin(), text.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

std::string header(const std::string& type, const std::string& shape,
                   const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

bool refused_with(const Bytes& bytes, const std::string& reason) {
  return error_of([&] { decode_npy(bytes, "a.npy"); }).find(reason) != std::string::npos;
}

}  // namespace

TEST_CASE("npy bytes are what numpy.save writes") {
  VoxelGrid grid(2);
  for (std::size_t i = 0; i < 8; ++i) grid.values[i] = float(i) / 8;
  Bytes data(32);
  std::memcpy(data.data(), grid.values.data(), 32);
  CHECK(encode_npy(grid) == npy(header("<f4", "(2, 2, 2)"), data));
}

TEST_CASE("npy round trip, and uint8 and bool arrays") {
  VoxelGrid grid(7);
  Rng rng(5);
  for (float& value : grid.values) value = float(rng.uniform());
  const testing::TemporaryFolder folder;
  write_npy(grid, folder / "a.npy");
  CHECK(read_npy(folder / "a.npy").values == grid.values);
  CHECK(encode_npy(grid).size() == 128 + 343 * 4);

  const Bytes voxels{0, 1, 1, 0, 0, 0, 1, 0};
  for (const char* type : {"|u1", "|b1"}) {
    const VoxelGrid read = decode_npy(npy(header(type, "(2, 2, 2)"), voxels), "a.npy");
    CHECK(read.at(0, 1, 0) == 1);
    CHECK(read.at(1, 1, 0) == 1);
    CHECK(read.count() == 3);
  }
}

TEST_CASE("other arrays are refused with a reason") {
  const Bytes data(8);
  CHECK(refused_with({}, "not an npy file"));
  CHECK(refused_with(npy(header("<f8", "(2, 2, 2)"), data), "type <f8"));
  CHECK(refused_with(npy(header(">f4", "(2, 2, 2)"), data), "type >f4"));
  CHECK(refused_with(npy(header("|u1", "(2, 2, 2)", "True"), data), "Fortran"));
  CHECK(refused_with(npy(header("|u1", "(8,)"), data), "(n, n, n)"));
  CHECK(refused_with(npy(header("|u1", "(2, 2, 1, 2)"), data), "(n, n, n)"));
  CHECK(refused_with(npy(header("|u1", "(2, 2, 4)"), data), "(n, n, n)"));
  CHECK(refused_with(npy(header("|u1", "(0, 0, 0)"), {}), "1..512"));
  CHECK(refused_with(npy(header("|u1", "(513, 513, 513)"), data), "1..512"));
  CHECK(refused_with(npy(header("|u1", "(99999999999, 2, 2)"), data), "(n, n, n)"));
  CHECK(refused_with(npy(header("|u1", "(512, 512, 512)"), data), "8 bytes of data instead"));
  CHECK(refused_with(npy("{'shape': (2, 2, 2)}", data), "fortran_order"));
  VoxelGrid grid(1);
  grid.values[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK(refused_with(encode_npy(grid), "not finite"));
}

TEST_CASE("a header that is cut off, or longer than any program writes, is refused as such") {
  const auto sized = [](std::size_t length, std::size_t held) {
    std::string text = header("|u1", "(1, 1, 1)");
    text.resize(held, ' ');
    std::string bytes("\x93NUMPY\x02\0", 8);  // version 2: four bytes of length
    for (int i = 0; i < 4; ++i) bytes += char(length >> 8 * i & 255);
    bytes += text + '\1';
    return Bytes(bytes.begin(), bytes.end());
  };
  CHECK(decode_npy(sized(65536, 65536), "a.npy").at(0, 0, 0) == 1);
  const std::string message = "is cut off or longer than 65536";
  CHECK(refused_with(sized(65537, 65537), message));  // whole, but too long
  CHECK(refused_with(sized(200, 150), message));      // short, but not whole
  CHECK(refused_with(sized(70000, 150), message));
  CHECK(refused_with(sized(0xffffffff, 150), message));
}

TEST_CASE("damaged npy bytes give a grid or an error") {
  const Bytes bytes = encode_npy(testing::random_grid(3, 0.5, 1));
  const auto decode = [](const Bytes& mutant) { decode_npy(mutant, "mutant"); };
  CHECK(testing::decode_cut(bytes, 200, decode).accepted == 0);
  const Bytes head(bytes.begin(), bytes.begin() + 80);
  testing::decode_flipped(head, 640, decode);
}
