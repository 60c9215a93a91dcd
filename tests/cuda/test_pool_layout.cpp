// Kernels that only choose and move elements agree with the CPU in every bit.
#include <cmath>
#include <numeric>

#include "tests/cuda/device_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

PoolGeometry random_pool(Rng& rng, std::int64_t channels) {
  const bool flat = random_int(rng, 0, 1) == 1;
  Triple kernel{1, 1, 1}, stride{1, 1, 1}, extent{1, 1, 1};
  for (int axis = flat ? 1 : 0; axis < 3; ++axis) {
    kernel[axis] = random_int(rng, 1, 4);
    stride[axis] = random_int(rng, 1, 4);
    extent[axis] = kernel[axis] + random_int(rng, 0, 7);
  }
  const std::int64_t batch = random_int(rng, 1, 3);
  const Shape shape = flat ? Shape{batch, extent[1], extent[2], channels}
                           : Shape{batch, extent[0], extent[1], extent[2], channels};
  return PoolGeometry::make("max_pool", shape, kernel, stride);
}

/// Random values with ties and a NaN.
Tensor odd_values(Rng& rng, const Shape& shape, DType dtype) {
  Tensor x = random_normal(rng, shape, DType::f64);
  for (std::int64_t i = 0; i < x.numel(); ++i)
    x.data<double>()[i] = std::round(x.data<double>()[i] * 2) / 2;
  x.data<double>()[x.numel() / 2] = std::nan("");
  return x.to(dtype);
}

}  // namespace

TEST_CASE("max pooling chooses as the CPU does") {
  if (no_device()) return;
  Rng rng(21);
  for (const DType dtype : kMaps) {
    for (int i = 0; i < 25; ++i) {
      const PoolGeometry g =
          random_pool(rng, i % 2 ? 8 * random_int(rng, 1, 4) : random_int(rng, 1, 9));
      CAPTURE(concat(dtype, g.input_shape(), " to ", g.output_shape()));
      const Tensor x = odd_values(rng, g.input_shape(), dtype);
      const Tensor y(g.output_shape(), DType::f64), argmax(g.output_shape(), DType::u8);
      cpu::pool_ops().max_forward(g, x.to(DType::f64), y, argmax);
      const GuardedOutput gy(g.output_shape(), dtype), alone(g.output_shape(), dtype, 1);
      const GuardedOutput gwinners(g.output_shape(), DType::u8);
      gpu().pool.max_forward(g, to_gpu(x), gy, gwinners);
      CHECK(identical(gwinners.get(), argmax));
      const GuardedOutput odd_winners(g.output_shape(), DType::u8, 1);
      gpu().pool.max_forward(g, to_gpu(x), gy, odd_winners);
      CHECK(identical(odd_winners.get(), argmax));
      CHECK(identical(gy.get(), y.to(dtype)));
      gpu().pool.max_forward(g, to_gpu(x), alone, {});
      CHECK(identical(alone.get(), gy.get()));

      const Tensor dy = random_normal(rng, g.output_shape(), dtype);
      const Tensor dx(g.input_shape(), DType::f64);
      cpu::pool_ops().max_backward(g, dy.to(DType::f64), argmax, dx);
      const GuardedOutput gdx(g.input_shape(), dtype);
      gpu().pool.max_backward(g, to_gpu(dy), gwinners, gdx);
      check_close(gdx.get(), dx);
      gpu().pool.max_backward(g, to_gpu(dy), odd_winners, gdx);
      check_close(gdx.get(), dx);
    }
  }
}

TEST_CASE("permutations of every rank and dtype") {
  if (no_device()) return;
  Rng rng(22);
  for (const DType dtype : kAll) {
    for (int i = 0; i < 30; ++i) {
      const int rank = int(random_int(rng, 1, 6));
      std::vector<std::int64_t> extents(static_cast<std::size_t>(rank));
      for (std::int64_t& extent : extents) extent = random_int(rng, 1, rank <= 3 ? 40 : 5);
      const Shape shape{std::span<const std::int64_t>(extents)};
      const std::vector<std::int64_t> order = rng.permutation(rank);
      Permutation permutation{};
      Shape result = shape;
      for (int d = 0; d < rank; ++d) {
        permutation[std::size_t(d)] = int(order[std::size_t(d)]);
        result[d] = shape[int(order[std::size_t(d)])];
      }
      CAPTURE(concat(dtype, shape, " to ", result));
      const Tensor x = random_uniform(rng, shape, -100, 100, dtype);
      const Tensor y(result, dtype);
      cpu::layout_ops().permute(x, permutation, y);
      const GuardedOutput gy(result, dtype, i % 2);
      gpu().layout.permute(to_gpu(x), permutation, gy);
      CHECK(identical(gy.get(), y));
    }
  }
}

TEST_CASE("channels first and last, and back") {
  if (no_device()) return;
  Rng rng(23);
  const Tensor x = random_normal(rng, {3, 5, 6, 7, 33}, DType::f32);
  const Tensor first({3, 33, 5, 6, 7}, DType::f32, Device::cuda());
  const GuardedOutput back(x.shape(), DType::f32);
  gpu().layout.permute(to_gpu(x), Permutation{0, 4, 1, 2, 3}, first);
  gpu().layout.permute(first, Permutation{0, 2, 3, 4, 1}, back);
  CHECK(identical(back.get(), x));
  CHECK_FALSE(identical(to_cpu(first).reshape(x.shape()), x));
}

TEST_CASE("joining and cutting channels") {
  if (no_device()) return;
  Rng rng(24);
  for (const DType dtype : kAll) {
    for (int i = 0; i < 10; ++i) {
      const std::int64_t rows = random_int(rng, 1, 50);
      const std::int64_t left = random_int(rng, 1, 17), right = random_int(rng, 1, 17);
      const Tensor a = random_uniform(rng, {rows, left}, 0, 100, dtype);
      const Tensor b = random_uniform(rng, {rows, right}, 0, 100, dtype);
      const Tensor y({rows, left + right}, dtype);
      cpu::layout_ops().concat_channels(a, b, y);
      const GuardedOutput gy(y.shape(), dtype, i % 2);
      gpu().layout.concat_channels(to_gpu(a), to_gpu(b), gy);
      CHECK(identical(gy.get(), y));
      const GuardedOutput ga(a.shape(), dtype), gb(b.shape(), dtype, i % 2);
      gpu().layout.slice_channels(to_gpu(y), 0, ga);
      gpu().layout.slice_channels(to_gpu(y), left, gb);
      CHECK(identical(ga.get(), a));
      CHECK(identical(gb.get(), b));
    }
  }
}
