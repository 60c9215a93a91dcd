// Any module's state to a file and back.
#include <doctest/doctest.h>

#include "io/checksummed_file.h"
#include "io/file.h"
#include "io/scratch_folder.h"
#include "io/tensor_file.h"
#include "layers/conv_block.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "tests/support/tensors.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

std::shared_ptr<Sequential> make_net() {
  auto net = std::make_shared<Sequential>();
  net->add("block", std::make_shared<ConvBlock>(std::make_shared<Conv2d>(ConvLayerOptions{
                        .in_channels = 3, .out_channels = 4, .kernel_size = each_axis(3)})));
  net->add("last", std::make_shared<Linear>(LinearOptions{.in_features = 4, .out_features = 2}));
  return net;
}

}  // namespace

TEST_CASE("a module of one's own is saved and loaded, bit for bit and in order") {
  const ScratchFolder folder;
  const auto file = folder.path() / "net.h5";
  seed_layers(1);
  const auto saved = make_net(), loaded = make_net();
  save_tensors(file, saved->state());
  loaded->load_state(load_tensors(file));
  const auto expected = saved->state(), actual = load_tensors(file), own = loaded->state();
  REQUIRE(actual.size() == 9);
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CAPTURE(expected[i].name);
    CHECK(actual[i].name == expected[i].name);
    CHECK(identical(actual[i].tensor, expected[i].tensor));
    CHECK(identical(own[i].tensor, expected[i].tensor));
  }
  const auto bytes = read_file(file, 1 << 20);
  save_tensors(file, loaded->state());
  CHECK(read_file(file, 1 << 20) == bytes);
}

TEST_CASE("a file of tensors says what is wrong with it, and with what it is to hold") {
  const ScratchFolder folder;
  const auto file = folder.path() / "x.h5";
  const Tensor x = Tensor::zeros({2});
  CHECK_THROWS_WITH(save_tensors(file, {{"x", x}, {"x", x}}),
                    doctest::Contains("not saved: there are two tensors x"));
  CHECK_THROWS_WITH(save_tensors(file, {{"a/b", x}}), doctest::Contains("\"a/b\" is no name"));
  CHECK_THROWS_WITH(save_tensors(file, {{"x", Tensor()}}), doctest::Contains("x is undefined"));
  CHECK_FALSE(std::filesystem::exists(file));
  CHECK_THROWS_WITH(load_tensors(file), doctest::Contains(file.string().c_str()));
  save_tensors(file, {{"x", x}});
  auto bytes = read_file(file, 1 << 20);
  bytes[bytes.size() / 2] ^= 1;
  write_file_atomically(file, bytes);
  CHECK_THROWS_AS(load_tensors(file), DamagedFile);
}
