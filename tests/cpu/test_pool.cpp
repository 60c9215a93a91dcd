#include <cmath>
#include <limits>

#include "tests/cpu/kernel_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

const PoolOps& ops = cpu::pool_ops();

PoolGeometry random_pool(Rng& rng) {
  const int rank = int(random_int(rng, 2, 3));
  Shape x = rank == 2 ? Shape{2, 1, 1, 1} : Shape{2, 1, 1, 1, 1};
  Triple kernel{1, 1, 1}, stride{1, 1, 1};
  for (int axis = 3 - rank; axis < 3; ++axis) {
    kernel[axis] = random_int(rng, 1, 4);
    stride[axis] = random_int(rng, 1, 4);
    x[axis - (3 - rank) + 1] = kernel[axis] + random_int(rng, 0, 7);
  }
  x[-1] = random_int(rng, 1, 37);
  return PoolGeometry::make("max_pool", x, kernel, stride);
}

/// Calls body(index in x, index in y, tap) for every element of every window, in order.
template <class Body>
void for_each_window_element(const PoolGeometry& g, Body body) {
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t od = 0; od < g.output[0]; ++od)
      for (std::int64_t oh = 0; oh < g.output[1]; ++oh)
        for (std::int64_t ow = 0; ow < g.output[2]; ++ow)
          for (std::int64_t c = 0; c < g.channels; ++c) {
            int tap = 0;
            for (std::int64_t kd = 0; kd < g.kernel[0]; ++kd)
              for (std::int64_t kh = 0; kh < g.kernel[1]; ++kh)
                for (std::int64_t kw = 0; kw < g.kernel[2]; ++kw, ++tap) {
                  const std::int64_t id = od * g.stride[0] + kd, ih = oh * g.stride[1] + kh,
                                     iw = ow * g.stride[2] + kw;
                  const auto x = ((n * g.input[0] + id) * g.input[1] + ih) * g.input[2] + iw;
                  const auto y = ((n * g.output[0] + od) * g.output[1] + oh) * g.output[2] + ow;
                  body(x * g.channels + c, y * g.channels + c, tap);
                }
          }
}

}  // namespace

TEST_CASE("max pool against plain loops, ties included") {
  Rng rng(21);
  for (int i = 0; i < 60; ++i) {
    const DType dtype = kFloats[i % 2];
    const PoolGeometry g = random_pool(rng);
    Tensor x = random_normal(rng, g.input_shape(), DType::f64);
    if (i % 3 == 0)  // few distinct values, so that many windows have ties
      for (std::int64_t j = 0; j < x.numel(); ++j)
        x.data<double>()[j] = double(random_int(rng, 0, 2));
    x = x.to(dtype);
    const Tensor dy = random_normal(rng, g.output_shape(), dtype);
    const GuardedTensor y(g.output_shape(), dtype), dx(g.input_shape(), dtype);
    const GuardedTensor argmax(g.output_shape(), DType::u8);
    ops.max_forward(g, x, y, argmax);
    ops.max_backward(g, dy, argmax, dx);
    CHECK(argmax.intact());

    const std::vector<double> in = values(x), gradient = values(dy);
    std::vector<double> best(std::size_t(y.tensor().numel()),
                             -std::numeric_limits<double>::infinity());
    std::vector<std::int64_t> source(best.size());
    std::vector<std::uint8_t> taps(best.size());
    for_each_window_element(g, [&](std::int64_t from, std::int64_t to, int tap) {
      if (in[from] <= best[to]) return;
      best[to] = in[from];
      source[to] = from;
      taps[to] = std::uint8_t(tap);
    });
    std::vector<double> expected_dx(in.size(), 0);
    for (std::size_t j = 0; j < best.size(); ++j) expected_dx[source[j]] += gradient[j];
    check_result(y, best);
    CHECK(argmax.tensor().to_vector<std::uint8_t>() == taps);
    check_result(dx, expected_dx);

    const GuardedTensor alone(g.output_shape(), dtype);
    ops.max_forward(g, x, alone, {});
    CHECK(identical(alone, y));
  }
}

TEST_CASE("a NaN wins its window") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const DType dtype : kFloats) {
    const Tensor x = Tensor::from<double>({1, nan, 3, 4}, {1, 2, 2, 1}).to(dtype);
    const PoolGeometry g = PoolGeometry::make("max_pool", x.shape(), {1, 2, 2}, {1, 2, 2});
    const GuardedTensor y(g.output_shape(), dtype), argmax(g.output_shape(), DType::u8);
    ops.max_forward(g, x, y, argmax);
    CHECK(std::isnan(values(y)[0]));
    CHECK(values(argmax)[0] == 1);
  }
}
