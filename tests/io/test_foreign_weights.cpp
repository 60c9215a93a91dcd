#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "io/foreign_weights.h"
#include "io/torch/pickle.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_tree.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using testing::error_of;
using testing::says;
using testing::TemporaryFolder;

namespace {

using Bytes = std::vector<std::uint8_t>;

std::filesystem::path golden(const std::string& name) {
  return in_source_tree("tests/golden/torch/" + name);
}

Bytes bytes_of(const std::filesystem::path& file) {
  return read_file(file, std::size_t{1} << 20);
}

void write_bytes(const std::filesystem::path& file, const Bytes& bytes) {
  std::ofstream out(file, std::ios::binary);  // thousands of them: without waiting for the disk
  out.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
}

void check_equal(const Tensor& a, const Tensor& b) {
  REQUIRE(a.dtype() == b.dtype());
  REQUIRE(a.shape() == b.shape());
  CHECK(std::memcmp(a.raw(), b.raw(), a.bytes()) == 0);
}

/// The tensors that PyTorch said it wrote, in order, each value exactly.
void check_golden(const std::string& name) {
  const ForeignWeights found = read_foreign_weights(golden(name + ".pth"));
  const auto expected = nlohmann::ordered_json::parse(std::ifstream(golden(name + ".json")));
  REQUIRE(found.tensors.size() == expected.size());
  std::size_t i = 0;
  for (const auto& [key, entry] : expected.items()) {
    const NamedTensor& tensor = found.tensors[i++];
    CAPTURE(tensor.name);
    CHECK(tensor.name == key);
    const auto shape = entry["shape"].get<std::vector<std::int64_t>>();
    CHECK(tensor.tensor.shape() == Shape(std::span<const std::int64_t>(shape)));
    CHECK(tensor.tensor.to(DType::f64).to_vector<double>() ==
          entry["values"].get<std::vector<double>>());
  }
}

Bytes pickle(const std::string& text) {
  return {text.begin(), text.end()};
}

std::string pickle_error(const std::string& text) {
  const Bytes bytes = pickle(text);
  return error_of([&] {
    std::size_t used = 0;
    torch_io::read_pickle("file", bytes, used);
  });
}

std::vector<NamedTensor> sample() {
  return {{"encoder.conv", Tensor::from<float>({1, 2, 3, 4, 5, -6}, {2, 3})},
          {"encoder.count", Tensor::from<std::int64_t>({-5}, {})},
          {"decoder.wide", Tensor::from<double>({0.1, 0.2}, {2})},
          {"decoder.short", Tensor::from<float>({0.5f, 3}, {2}).to(DType::bf16)},
          {"decoder.mask", Tensor::from<std::uint8_t>({0, 1, 255}, {3})}};
}

}  // namespace

TEST_CASE("PyTorch's files give the tensors that PyTorch wrote") {
  for (const char* name : {"plain", "legacy", "types", "types_legacy", "views", "views_legacy",
                           "published", "published_legacy", "parameters"}) {
    CAPTURE(name);
    check_golden(name);
  }
}

TEST_CASE("optimizer states are left out aloud, and conversions said") {
  for (const char* name : {"published.pth", "published_legacy.pth"}) {
    const auto notes = read_foreign_weights(golden(name)).notes;
    REQUIRE(notes.size() == 1);
    CHECK(says(notes[0], "encoder_solver_state_dict"));
  }
  CHECK(says(read_foreign_weights(golden("types.pth")).notes[0], "type f16 read as f32"));
}

TEST_CASE("what is written comes back with the same bits") {
  const TemporaryFolder folder;
  const std::vector<NamedTensor> tensors = sample();
  SUBCASE("as .pth") {
    for (const bool grouped : {false, true}) {
      write_torch(folder / "a.pth", tensors, grouped,
                  {{"best_iou", -1}, {"epoch", std::int64_t{7} << 40}});
      const ForeignWeights back = read_foreign_weights(folder / "a.pth");
      REQUIRE(back.tensors.size() == tensors.size());
      for (std::size_t i = 0; i < tensors.size(); ++i) {
        CHECK(back.tensors[i].name == tensors[i].name);
        check_equal(back.tensors[i].tensor, tensors[i].tensor);
      }
    }
  }
  SUBCASE("as .safetensors") {
    write_safetensors(folder / "a.safetensors", tensors);
    const ForeignWeights back = read_foreign_weights(folder / "a.safetensors");
    REQUIRE(back.tensors.size() == tensors.size());
    for (const NamedTensor& tensor : tensors) {
      const auto found = std::ranges::find(back.tensors, tensor.name, &NamedTensor::name);
      REQUIRE(found != back.tensors.end());
      check_equal(found->tensor, tensor.tensor);
    }
  }
}

TEST_CASE("the same tensors give the same bytes") {
  const TemporaryFolder folder;
  write_torch(folder / "a.pth", sample(), true);
  const Bytes first = bytes_of(folder / "a.pth");
  write_torch(folder / "a.pth", sample(), true);
  CHECK(bytes_of(folder / "a.pth") == first);
}

TEST_CASE("a pickle may call nothing but what weights need") {
  const std::string tail = "\nX\x01\x00\x00\x00x\x85R.";
  for (const std::string global :
       {"os\nsystem", "posix\nsystem", "builtins\neval", "builtins\nexec", "subprocess\nPopen",
        "torch\nload", "torch.hub\nload", "numpy\nload", "__builtin__\ngetattr",
        "runpy\nrun_path"}) {
    CAPTURE(global);
    const std::string error = pickle_error(
        "\x80\x02"
        "c" +
        global + tail);
    CHECK(says(error, "not on the list"));
    CHECK(says(error, "byte 2"));
  }
}

TEST_CASE("every opcode that weights do not use is refused by its number") {
  const std::string allowed =
      "(.JKMNQRUX]abcehj)qrstu}GBC\x80\x81\x85\x86\x87\x88\x89\x8a\x8c\x8d\x8f\x90\x93\x94\x95";
  int refused = 0;
  for (int code = 0; code < 256; ++code) {
    if (allowed.find(char(code)) != std::string::npos) continue;
    CAPTURE(code);
    CHECK(says(pickle_error(std::string("\x80\x02") + char(code)), "opcode 0x"));
    ++refused;
  }
  CHECK(refused == 256 - int(allowed.size()));
}

TEST_CASE("pickles made to harm are errors") {
  CHECK(says(pickle_error("\x80\x02]q\x01h\x01"
                          "a."),
             "contains itself"));
  CHECK(says(pickle_error("\x80\x02" + std::string(200, ']') + std::string(199, 'a') + "."),
             "100 levels"));
  CHECK(says(pickle_error("\x80\x02h\x05."), "memo 5 is empty"));
  CHECK(says(pickle_error("\x80\x02X\xff\xff\xff\x7f."), "a text of"));
  CHECK(says(pickle_error("\x80\x02t."), "mark"));
  CHECK(says(pickle_error("\x80\x02"
                          "a."),
             "empty stack"));
  CHECK(says(pickle_error("\x80\x02"), "cut off"));
  CHECK(says(pickle_error("\x80\x09."), "protocol 9"));
  // A million nested lists are freed without recursion.
  CHECK(says(
      pickle_error("\x80\x02" + std::string(1 << 20, ']') + std::string((1 << 20) - 1, 'a') + "."),
      "100 levels"));
}

TEST_CASE("damaged files are refused or read, never worse") {
  const TemporaryFolder folder;
  for (const char* name : {"plain.pth", "legacy.pth", "published.pth", "views_legacy.pth"}) {
    const Bytes whole = bytes_of(golden(name));
    int refused = 0;
    const auto attempt = [&](const Bytes& bytes) {
      write_bytes(folder / "m", bytes);
      try {
        read_foreign_weights(folder / "m");
      } catch (const Error&) {
        ++refused;
      }
    };
    const std::size_t step = std::max<std::size_t>(1, whole.size() / 120);
    for (std::size_t i = 0; i < whole.size(); i += step) {
      Bytes flipped = whole;
      flipped[i] ^= std::uint8_t(1 << (i % 8));
      attempt(flipped);
      attempt(Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(i)));
    }
    CAPTURE(name);
    CHECK(refused > 100);
  }
}

TEST_CASE("files that are no weights say what they are") {
  const TemporaryFolder folder;
  const auto error = [&](const Bytes& bytes) {
    write_bytes(folder / "x", bytes);
    return error_of([&] { weights_format(folder / "x"); });
  };
  CHECK(says(error(pickle("hello")), "not a file of weights"));
  CHECK(says(error(pickle("\x80\x04\x95")), "a pickle, but not of torch.save"));
  Bytes tar(512);
  std::copy_n("ustar", 5, tar.begin() + 257);
  CHECK(says(error(tar), "tar archive"));
  CHECK(says(error_of([&] { weights_format(folder / "none"); }), "no such file"));
}

TEST_CASE("safetensors with a header that lies are refused") {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& header, std::size_t data) {
    Bytes bytes;
    for (int i = 0; i < 8; ++i) bytes.push_back(std::uint8_t(header.size() >> (8 * i)));
    bytes.insert(bytes.end(), header.begin(), header.end());
    bytes.resize(bytes.size() + data);
    write_bytes(folder / "x", bytes);
    return error_of([&] { read_foreign_weights(folder / "x"); });
  };
  const std::string a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  CHECK(says(error("{" + a + "," + a + "}", 8), "twice"));
  CHECK(says(error("{" + a + "}", 7), "beyond the end"));
  CHECK(says(error("{" + a + "}", 9), "after the last"));
  CHECK(says(error("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8),
             "overlaps"));
  CHECK(says(error("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}})", 16),
             "gap"));
  CHECK(says(error(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8), "3 elements"));
  CHECK(says(error(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1), "F8_E4M3"));
  CHECK(says(error(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4),
             "other than a size"));
  CHECK(says(
      error(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}})", 8),
      "beyond any memory"));
  CHECK(says(error("{" + std::string(2000, '['), 0), "JSON"));
}

TEST_CASE("halves are rounded to the nearest, ties to even, and keep what no half can hold") {
  const TemporaryFolder folder;
  const std::vector<float> values{1.0f,     -2.5f,       1.0f + 0x1p-11f, 1.0f + 0x1.8p-11f,
                                  0x1p-24f, 0x1.8p-25f,  0x1p-26f,        65504.0f,
                                  6.1e-5f,  1.0f / 3.0f, -0.0f,           1.0f + 0x3p-11f};
  const std::vector<float> expected{1.0f,         -2.5f,       1.0f,  1.0f + 0x1p-10f,
                                    0x1p-24f,     0x1p-24f,    0.0f,  65504.0f,
                                    0x1.ff8p-15f, 0x1.554p-2f, -0.0f, 1.0f + 0x1p-9f};
  const Tensor large = Tensor::from<float>({70000.0f, 1.0f / 3.0f}, {2});
  write_safetensors(folder / "half.safetensors",
                    {{"a", Tensor::from(values, {12})}, {"large", large}},
                    {.half = true, .metadata = {{"key", "value"}}});
  const ForeignWeights read = read_foreign_weights(folder / "half.safetensors");
  CHECK(read.metadata == std::map<std::string, std::string>{{"key", "value"}});
  for (const auto& [name, tensor] : read.tensors) {
    const std::vector<float> got = tensor.to_vector<float>();
    if (name == "large")
      CHECK(got == large.to_vector<float>());
    else
      CHECK(got == expected);
  }
  // 12 halves, 2 floats, and the header.
  const auto bytes = read_file(folder / "half.safetensors", 1 << 20);
  CHECK(bytes.size() == 8 + std::size_t(bytes[0] + 256 * bytes[1]) + 12 * 2 + 2 * 4);
}
