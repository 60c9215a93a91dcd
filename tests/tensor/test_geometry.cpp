// Sizes of convolutions and pooling windows, and how a problem is written in messages.
#include <doctest/doctest.h>

#include <sstream>

#include "tensor/error.h"
#include "tensor/ops/conv_ops.h"
#include "tensor/ops/pool_ops.h"

using namespace voxgrad;

namespace {

template <class T>
std::string text_of(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

}  // namespace

TEST_CASE("a convolution's geometry is written with its axes in order") {
  const ConvGeometry g = ConvGeometry::convolution("conv3d", {2, 9, 10, 11, 3}, {5, 3, 4, 5, 3},
                                                   {.stride = {1, 2, 3}, .padding = {0, 1, 2}});
  CHECK(g.output == Triple{7, 5, 4});
  CHECK(text_of(g) == "[2,9,10,11,3] * [5,3,4,5,3] -> [2,7,5,4,5] stride [1,2,3] padding [0,1,2]");
  const ConvGeometry flat = ConvGeometry::convolution("conv2d", {2, 10, 11, 3}, {5, 4, 5, 3},
                                                      {.stride = {1, 2, 3}, .padding = {0, 1, 2}});
  CHECK(text_of(flat) == "[2,10,11,3] * [5,4,5,3] -> [2,5,4,5] stride [1,2,3] padding [0,1,2]");
}

TEST_CASE("a transposed convolution's geometry is that of the convolution that it turns round") {
  const ConvGeometry g =
      ConvGeometry::transposed("conv_transpose3d", {2, 4, 5, 6, 3}, {3, 2, 3, 4, 7},
                               {.stride = {1, 2, 3}, .padding = {0, 1, 1}});
  CHECK(g.output == Triple{4, 5, 6});
  CHECK(g.input == Triple{5, 9, 17});
  CHECK(g.in_channels == 7);
  CHECK(g.out_channels == 3);
}

TEST_CASE("pooling windows fit the map, to the last row") {
  const PoolGeometry whole = PoolGeometry::make("max_pool", {2, 3, 4, 5}, {1, 3, 4}, {1, 3, 4});
  CHECK(whole.output == Triple{1, 1, 1});
  CHECK(whole.input == Triple{1, 3, 4});
  const PoolGeometry cut = PoolGeometry::make("max_pool", {2, 5, 6, 7, 1}, {2, 3, 4}, {2, 2, 3});
  CHECK(cut.output == Triple{2, 2, 2});
  CHECK_THROWS_WITH(PoolGeometry::make("max_pool", {2, 3, 4, 5}, {1, 4, 4}, {1, 1, 1}),
                    "[max_pool] window 4 is larger than the input [2,3,4,5]");
  CHECK_THROWS_WITH(PoolGeometry::make("max_pool", {3, 4, 5}, {1, 1, 1}, {1, 1, 1}),
                    "[max_pool] input must be [N,H,W,C] or [N,D,H,W,C], got [3,4,5]");
  CHECK_THROWS_WITH(PoolGeometry::make("max_pool", {1, 16, 16, 16, 1}, {1, 16, 16}, {1, 1, 1}),
                    "[max_pool] windows of at most 255 elements");
}
