// What the HDF5 library wrote is read back by our own reader, and, if anything is changed in an
// image, the reader either reads it or says what is wrong: it never crashes (the sanitizers look
// on).
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "io/hdf5/hdf5.h"
#include "tensor/error.h"
#include "tests/support/tensors.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

using Bytes = std::vector<std::uint8_t>;

std::string tensor_name(int i) {
  return concat("layer", i, ".", std::string(std::size_t(i * 7 % 60), 'w'));
}

Bytes image_of(int tensors) {
  Hdf5Writer writer("image");
  writer.attribute("", "threshold", 0.25);
  writer.attribute("", "config", std::string("model:\n  variant: F\n"));
  writer.group("training");
  writer.attribute("training", "epoch", std::int64_t{-3});
  writer.attribute("training", "seed", ~std::uint64_t{0});
  writer.group("training/state");
  // Backwards, so that the order of names is not that of writing.
  for (int i = tensors; i-- > 0;)
    writer.tensor("training/state", tensor_name(i), Tensor::full({1 + i % 3, 2}, i, DType::f32));
  return writer.finish();
}

struct Read {
  double threshold = 0;
  std::string config;
  std::int64_t epoch = 0;
  std::uint64_t seed = 0;
  std::vector<NamedTensor> tensors;
};

Read read(const Bytes& image) {
  const Hdf5Reader reader("image", image);
  Read all;
  all.threshold = reader.double_attribute("", "threshold");
  all.config = reader.text_attribute("", "config");
  all.epoch = reader.int_attribute("training", "epoch");
  all.seed = reader.uint_attribute("training", "seed");
  all.tensors = reader.tensors("training/state");
  return all;
}

enum class Outcome { refused, read };

Outcome try_to_read(const Bytes& image) {
  try {
    read(image);
    return Outcome::read;
  } catch (const Error&) {
    return Outcome::refused;
  }
}

}  // namespace

TEST_CASE("attributes and tensors come back, few or many, in the order of writing") {
  // Up to eight links are in the group's header; more in a heap with an index of growing depth.
  for (const int count : {0, 1, 8, 9, 33, 34, 200, 3000}) {
    CAPTURE(count);
    const Read all = read(image_of(count));
    CHECK(all.threshold == 0.25);
    CHECK(all.config == "model:\n  variant: F\n");
    CHECK(all.epoch == -3);
    CHECK(all.seed == ~std::uint64_t{0});
    REQUIRE(all.tensors.size() == std::size_t(count));
    bool same = true;
    for (int i = 0; i < count; ++i) {
      const auto& [name, tensor] = all.tensors[std::size_t(count - 1 - i)];
      same = same && name == tensor_name(i) &&
             identical(tensor, Tensor::full({1 + i % 3, 2}, i, DType::f32));
    }
    CHECK(same);
  }
}

TEST_CASE("all types of elements and all ranks come back") {
  Hdf5Writer writer("image");
  writer.group("model");
  std::vector<Tensor> written;
  for (const DType dtype : {DType::f32, DType::f64, DType::i64, DType::u8})
    for (int rank = 0; rank <= Shape::max_rank; ++rank) {
      const std::vector<std::int64_t> sizes(std::size_t(rank), 2);
      written.push_back(Tensor::full(Shape(std::span(sizes)), 7 + rank, dtype));
      writer.tensor("model", concat("t", written.size()), written.back());
    }
  const Bytes image = writer.finish();
  const std::vector<NamedTensor> tensors = Hdf5Reader("image", image).tensors("model");
  REQUIRE(tensors.size() == written.size());
  for (std::size_t i = 0; i < written.size(); ++i) CHECK(identical(tensors[i].tensor, written[i]));
}

TEST_CASE("no changed byte makes the reader crash or read beyond the image") {
  for (const int count : {3, 40}) {
    const Bytes good = image_of(count);
    REQUIRE(try_to_read(good) == Outcome::read);
    int refused = 0;
    // The heap and most of the image are unused space: look at what is in use.
    for (std::size_t i = 0; i < good.size(); ++i) {
      if (good[i] == 0 && i % 8 != 0) continue;
      for (const std::uint8_t value :
           {std::uint8_t(good[i] ^ 1), std::uint8_t(good[i] ^ 0x80), std::uint8_t(0xff)}) {
        Bytes damaged = good;
        damaged[i] = value;
        refused += try_to_read(damaged) == Outcome::refused;
      }
    }
    CHECK(refused > 500);
  }
}

TEST_CASE("cut images, and addresses that point back, are refused") {
  const Bytes good = image_of(40);
  for (std::size_t size = 0; size < good.size(); size += 97)
    CHECK(try_to_read(Bytes(good.begin(), good.begin() + std::ptrdiff_t(size))) ==
          Outcome::refused);
  // Every 8 bytes that look like an address, set to other addresses of the image: loops among them.
  const auto word = [](Bytes& image, std::size_t at, std::uint64_t value) {
    std::memcpy(image.data() + at, &value, sizeof value);
  };
  int refused = 0;
  for (std::size_t at = 0; at + 8 <= good.size(); at += 8) {
    std::uint64_t value = 0;
    std::memcpy(&value, good.data() + at, sizeof value);
    if (value < 16 || value >= good.size()) continue;
    for (const std::uint64_t other : {std::uint64_t{96}, value / 2, value + 8, std::uint64_t(at)}) {
      Bytes damaged = good;
      word(damaged, at, other);
      refused += try_to_read(damaged) == Outcome::refused;
    }
  }
  CHECK(refused > 50);
}

TEST_CASE("names for the same bytes do not add up to more than the image") {
  Hdf5Writer writer("image");
  writer.group("model");
  writer.tensor("model", "aaa", Tensor::full({4096}, 1, DType::f64));
  writer.tensor("model", "bbb", Tensor::full({1}, 2, DType::f64));
  Bytes image = writer.finish();
  CHECK(Hdf5Reader("image", image).tensors("model").size() == 2);
  // A link's name is followed by the address of its object.
  const auto behind = [&](const std::string& name) {
    return std::search(image.begin(), image.end(), name.begin(), name.end()) +
           std::ptrdiff_t(name.size());
  };
  std::copy_n(behind("aaa"), 8, behind("bbb"));
  CHECK_THROWS_WITH(Hdf5Reader("image", image).tensors("model"),
                    doctest::Contains("larger than the file"));
}

TEST_CASE("links with long names are refused before they are copied") {
  Hdf5Writer writer("image");
  writer.group("model");
  writer.tensor("model", std::string(255, 'n'), Tensor::full({1}, 1, DType::f64));
  Bytes image = writer.finish();
  CHECK(Hdf5Reader("image", image).tensors("model").size() == 1);
  const std::string name(255, 'n');
  const auto text = std::search(image.begin(), image.end(), name.begin(), name.end());
  REQUIRE(text != image.end());
  // Version, flags (of them the size of the length), the order of creation, the length.
  const auto length = text - 1, flags = text - 10;
  REQUIRE((*length == 255 && (*flags & 3) == 0));
  *flags = std::uint8_t(*flags | 1);  // two bytes, of which the second is the name's first
  CHECK_THROWS_WITH(Hdf5Reader("image", image).has_group("model/x"),
                    doctest::Contains("a name of 28415 bytes"));
}

TEST_CASE("a group that describes itself twice is refused") {
  Bytes image = image_of(40);
  const auto word = [&](std::ptrdiff_t at) {
    std::uint64_t value = 0;
    std::memcpy(&value, image.data() + at, sizeof value);
    return value;
  };
  const std::string name = "state";
  const std::ptrdiff_t link = std::search(image.begin(), image.end(), name.begin(), name.end()) -
                              image.begin() + std::ptrdiff_t(name.size());
  auto info = std::ptrdiff_t(word(link)) + 16;  // after the header's prefix
  const auto size_at = [&](std::ptrdiff_t message) { return 8 + image[std::size_t(message + 2)]; };
  for (int i = 0; i < 8 && image[std::size_t(info)] != 0x02; ++i) info += size_at(info);
  REQUIRE(image[std::size_t(info)] == 0x02);
  const std::ptrdiff_t size = size_at(info);
  // A header of some such messages past the end; the link leads there, the file ends there.
  const auto described = [&](std::uint8_t times) {
    Bytes result = image;
    Bytes copy{1, 0, times, 0, 1, 0, 0, 0, std::uint8_t(times * size), 0, 0, 0, 0, 0, 0, 0};
    for (int i = 0; i < times; ++i)
      copy.insert(copy.end(), image.begin() + info, image.begin() + info + size);
    const std::uint64_t place = image.size(), end = place + copy.size();
    result.insert(result.end(), copy.begin(), copy.end());
    std::memcpy(result.data() + link, &place, sizeof place);
    std::memcpy(result.data() + 40, &end, sizeof end);
    return result;
  };
  CHECK(Hdf5Reader("image", described(1)).tensors("training/state").size() == 40);
  CHECK_THROWS_WITH(Hdf5Reader("image", described(2)).tensors("training/state"),
                    doctest::Contains("described twice"));
}

TEST_CASE("links that are read again and again come to an end") {
  const Bytes image = image_of(200);
  const Hdf5Reader reader("image", image);
  const auto read_often = [&] {
    for (int i = 0; i < 1000; ++i) reader.has_group("training/state/none");
  };
  CHECK_THROWS_WITH(read_often(), doctest::Contains("refer to each other"));
}
