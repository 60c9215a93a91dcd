// MATLAB 5 files: those that libmatio wrote (tools/golden/mat_files.c), and our own made to be
// wrong.
#include <doctest/doctest.h>

#include <cstring>

#include "io/file.h"
#include "io/mat/mat_file.h"
#include "tensor/rng.h"
#include "tests/support/expect_error.h"
#include "tests/support/mat_writer.h"
#include "tests/support/source_tree.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

std::string refusal(const MatBytes& bytes) {
  return error_of([&] { decode_mat(bytes, "some.mat"); });
}

MatBytes with_u32(MatBytes bytes, std::size_t at, std::uint32_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
  return bytes;
}

MatBytes some_file(bool compressed) {
  const MatFields viewpoint{{"azimuth", mat_doubles("", {1, 1}, {12.5})}, {"px", {}}};
  const MatFields object{{"class", mat_text("", "car")},
                         {"bbox", mat_doubles("", {1, 4}, {1, 2, 3, 4})},
                         {"viewpoint", mat_struct("", {viewpoint})}};
  return mat_file({mat_struct("record", {{{"filename", mat_text("", "a.jpg")},
                                          {"objects", mat_struct("", {object, object})}}}),
                   mat_cell("cells", {mat_text("", "one"), mat_uint8("", {1, 2}, {7, 8})}),
                   mat_bytes_as_doubles("small", {2, 2}, {0, 1, 2, 255})},
                  compressed);
}

}  // namespace

TEST_CASE("mat: what libmatio wrote") {
  for (const char* name : {"plain.mat"}) {
    const std::vector<MatArray> variables =
        read_mat(in_source_tree(std::string("tests/golden/mat/") + name));
    REQUIRE(variables.size() == 3);
    const MatArray& voxel = variables[0];
    CHECK(voxel.name == "voxel");
    CHECK(voxel.extents == std::vector<std::int64_t>{3, 4, 5});
    for (int i = 0; i < 60; ++i) CHECK(voxel.number(i) == (i % 7 == 0 ? 1 : 0));
    CHECK(variables[1].number(5) == double(1e30f));
    const MatArray& record = variables[2];
    REQUIRE(record.field("filename"));
    CHECK(record.field("filename")->text() == "n02690373_16.JPEG");
    const MatArray* objects = record.field("objects");
    REQUIRE(objects);
    REQUIRE(objects->count() == 2);
    CHECK(objects->field("class", 1)->text() == "aeroplane");
    CHECK(objects->field("bbox", 0)->numbers() == std::vector<double>{1, 2, 30.5, 40});
    CHECK(objects->field("viewpoint", 0)->field("azimuth")->number() == 123.25);
    CHECK(objects->field("viewpoint", 1)->count() == 0);
    CHECK(objects->field("viewpoint", 1)->field("azimuth") == nullptr);
    const MatArray* names = record.field("names");
    REQUIRE(names);
    REQUIRE(names->items.size() == 2);
    CHECK(names->items[1].text() == "bcd");
    CHECK(record.field("nothing") == nullptr);
    CHECK(objects->field("class", 2) == nullptr);
  }
}

TEST_CASE("mat: nested structs, cells, and doubles stored as bytes") {
  for (const bool compressed : {false, true}) {
    const std::vector<MatArray> variables = decode_mat(some_file(compressed), "some.mat");
    REQUIRE(variables.size() == 3);
    const MatArray* object = variables[0].field("objects");
    REQUIRE(object);
    CHECK(object->field("viewpoint", 1)->field("azimuth")->number() == 12.5);
    CHECK(object->field("viewpoint", 1)->field("px")->count() == 0);
    CHECK(variables[1].items[1].numbers() == std::vector<double>{7, 8});
    CHECK(variables[2].numbers() == std::vector<double>{0, 1, 2, 255});
    CHECK_THROWS_AS(variables[2].number(4), Error);
    CHECK_THROWS_AS(variables[0].number(), Error);
    CHECK_THROWS_AS(variables[2].text(), Error);
  }
}

TEST_CASE("mat: other kinds of files are told apart") {
  MatBytes bytes = some_file(false);
  CHECK(says(refusal({}), "no MATLAB file of version 5"));
  std::swap(bytes[126], bytes[127]);
  CHECK(says(refusal(bytes), "big-endian"));
  MatBytes hdf5(1024, 0);
  std::memcpy(hdf5.data() + 512, "\x89HDF\r\n\x1a\n", 8);
  CHECK(says(refusal(hdf5), "Save it in MATLAB with -v7"));
  CHECK(says(refusal(MatBytes(200, 0)), "no MATLAB file of version 5"));
}

TEST_CASE("mat: sizes are checked before memory is taken") {
  const MatBytes plain = mat_file({mat_uint8("voxel", {2, 2, 2}, MatBytes(8, 1))}, false);
  CHECK(says(refusal(with_u32(plain, 132, 0xfffffff0u)), "cut short"));
  CHECK(says(refusal(with_u32(plain, 160, 0x7fffffffu)), "more than"));
  CHECK(says(refusal(with_u32(plain, 160, 0xffffffffu)), "elements along one dimension"));
  CHECK(says(refusal(with_u32(plain, 160, 3)), "12 elements of 1 bytes in 8"));
  CHECK(says(refusal({plain.begin(), plain.end() - 1}), "cut short"));
  MatBytes packed = mat_file({mat_uint8("voxel", {2, 2, 2}, MatBytes(8, 1))}, true);
  packed.back() ^= 1;  // of the checksum
  CHECK(says(refusal(packed), "damaged"));
  MatBytes deep = mat_uint8("", {1, 1}, {1});
  for (int i = 0; i < 40; ++i) deep = mat_cell("", {deep});
  CHECK(says(refusal(mat_file({deep}, false)), "nested deeper"));
}

TEST_CASE("mat: every cut is refused; changed bytes give arrays or an Error") {
  for (const bool compressed : {false, true}) {
    const MatBytes good = some_file(compressed);
    const std::size_t all = decode_mat(good, "some.mat").size();
    for (std::size_t size = 0; size < good.size(); ++size) {
      std::size_t left = 0;
      try {  // a cut between two variables leaves a shorter file
        left = decode_mat({good.data(), size}, "some.mat").size();
      } catch (const Error&) {
      }
      CHECK(left < all);
    }
    Rng rng(1);
    int refused = 0;
    for (int i = 0; i < 10000; ++i) {
      MatBytes bytes = good;
      for (std::uint64_t k = rng.below(3) + 1; k > 0; --k)
        bytes[128 + rng.below(bytes.size() - 128)] = std::uint8_t(rng.below(256));
      try {
        decode_mat(bytes, "some.mat");
      } catch (const Error&) {
        ++refused;
      }
    }
    CHECK(refused > (compressed ? 9900 : 3000));
  }
}
