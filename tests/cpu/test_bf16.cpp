// bf16 maps: every kernel must give what its f32 form, tested elsewhere, gives on the same values,
// rounded once to bf16 where the result is bf16.
#include <cmath>

#include "tests/cpu/conv_cases.h"
#include "tests/cpu/kernel_cases.h"
#include "tests/support/bf16_rounding.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

constexpr DType kNarrow = DType::bf16;

Tensor narrow_normal(Rng& rng, const Shape& shape) {
  return random_normal(rng, shape).to(kNarrow);
}

Tensor wide(const Tensor& tensor) {
  return tensor.to(DType::f32);
}

void check_rounded(const GuardedTensor& actual, const Tensor& f32) {
  CHECK(actual.intact());
  CHECK(bf16_rounding_share(actual, f32, 2e-6) <= 1);
}

/// A result that stays f32.
void check_wide(const GuardedTensor& actual, const Tensor& f32) {
  CHECK(actual.intact());
  CHECK(max_relative_error(actual, f32) <= 1e-5);
}

/// Runs kernel(output) into a bf16 and, with `on_wide`, into an f32 tensor, and compares.
template <class Narrow, class Wide>
void compare(const Shape& shape, Narrow narrow, Wide on_wide) {
  const GuardedTensor y(shape, kNarrow);
  narrow(y.tensor());
  const Tensor expected(shape);
  on_wide(expected);
  check_rounded(y, expected);
}

}  // namespace

TEST_CASE("bf16 elementwise kernels round once") {
  Rng rng(41);
  const ElementwiseOps& ops = cpu::elementwise_ops();
  for (const std::int64_t n : kLengths) {
    const Tensor a = narrow_normal(rng, {n}), b = narrow_normal(rng, {n});
    for (const BinaryKind kind :
         {BinaryKind::add, BinaryKind::subtract, BinaryKind::multiply, BinaryKind::divide})
      compare(
          {n}, [&](const Tensor& y) { ops.binary(kind, a, b, y); },
          [&](const Tensor& y) { ops.binary(kind, wide(a), wide(b), y); });
    compare(
        {n}, [&](const Tensor& y) { ops.affine(a, -1.5, 0.25, y); },
        [&](const Tensor& y) { ops.affine(wide(a), -1.5, 0.25, y); });
    compare(
        {n},
        [&](const Tensor& y) {
          y.copy_from(a);
          ops.accumulate(b, y);
        },
        [&](const Tensor& y) { ops.binary(BinaryKind::add, wide(a), wide(b), y); });
    for (const Activation act : {Activation::relu(), Activation::leaky_relu(0.2), Activation::elu(),
                                 Activation::sigmoid()}) {
      compare(
          {n}, [&](const Tensor& y) { ops.activation(act, a, y); },
          [&](const Tensor& y) { ops.activation(act, wide(a), y); });
      compare(
          {n}, [&](const Tensor& dx) { ops.activation_backward(act, a, b, dx); },
          [&](const Tensor& dx) { ops.activation_backward(act, wide(a), wide(b), dx); });
    }
  }
}

TEST_CASE("bf16 pooling") {
  Rng rng(42);
  for (const std::int64_t channels : {1, 8, 37}) {
    const Shape shape{2, 6, 7, channels};
    const PoolGeometry g = PoolGeometry::make("max_pool", shape, {1, 2, 3}, {1, 2, 2});
    const Tensor x = narrow_normal(rng, shape), dy = narrow_normal(rng, g.output_shape());
    const GuardedTensor y(g.output_shape(), kNarrow), argmax(g.output_shape(), DType::u8);
    cpu::pool_ops().max_forward(g, x, y, argmax);
    const Tensor wide_y(g.output_shape()), wide_winners(g.output_shape(), DType::u8);
    cpu::pool_ops().max_forward(g, wide(x), wide_y, wide_winners);
    CHECK(y.intact());
    CHECK(identical(wide(y), wide_y));
    CHECK(identical(argmax, wide_winners));
    // Windows of width 3 at stride 2 overlap in columns: sums of two, rounded once.
    compare(
        shape, [&](const Tensor& dx) { cpu::pool_ops().max_backward(g, dy, argmax, dx); },
        [&](const Tensor& dx) { cpu::pool_ops().max_backward(g, wide(dy), argmax, dx); });
  }
}

TEST_CASE("bf16 column sums, and NaN found among bf16") {
  Rng rng(43);
  for (const std::int64_t rows : kLengths) {
    const Tensor x = random_uniform(rng, {rows, 5}, 0, 1).to(kNarrow);
    const GuardedTensor sums({5}, DType::f32);
    const Tensor expected({5});
    cpu::reduce_ops().column_sums(x, sums);
    cpu::reduce_ops().column_sums(wide(x), expected);
    check_wide(sums, expected);
    CHECK(cpu::reduce_ops().all_finite(x));
    x.slice(rows - 1, rows).fill(std::numeric_limits<double>::quiet_NaN());
    CHECK_FALSE(cpu::reduce_ops().all_finite(x));
  }
}

TEST_CASE("bf16 batch norm keeps f32 statistics and parameter gradients") {
  Rng rng(44);
  const NormOps& ops = cpu::norm_ops();
  for (const std::int64_t channels : {1, 9, 300}) {
    const Shape shape{2 * 70, channels}, per_group{2, channels};
    const Tensor x = random_uniform(rng, shape, -1, 3).to(kNarrow), dy = narrow_normal(rng, shape);
    const BatchNormParameters parameters{random_uniform(rng, {channels}, 0.5, 2, DType::f32),
                                         random_normal(rng, {channels}, DType::f32), 1e-5,
                                         Activation::leaky_relu(0.2)};
    const GuardedTensor mean(per_group, DType::f32), variance(per_group, DType::f32);
    ops.statistics(x, mean, variance);
    const Tensor wide_mean(per_group), wide_variance(per_group);
    ops.statistics(wide(x), wide_mean, wide_variance);
    check_wide(mean, wide_mean);
    check_wide(variance, wide_variance);
    compare(
        shape, [&](const Tensor& y) { ops.normalize(x, mean, variance, parameters, y); },
        [&](const Tensor& y) { ops.normalize(wide(x), mean, variance, parameters, y); });
    for (const bool constant : {false, true}) {
      const GuardedTensor dgamma({channels}, DType::f32), dbeta({channels}, DType::f32);
      const Tensor wide_dgamma({channels}), wide_dbeta({channels});
      compare(
          shape,
          [&](const Tensor& dx) {
            ops.backward(constant, x, dy, mean, variance, parameters, dx, dgamma, dbeta);
          },
          [&](const Tensor& dx) {
            ops.backward(constant, wide(x), wide(dy), mean, variance, parameters, dx, wide_dgamma,
                         wide_dbeta);
          });
      check_wide(dgamma, wide_dgamma);
      check_wide(dbeta, wide_dbeta);
    }
  }
}

TEST_CASE("bf16 convolutions sum in f32") {
  Rng rng(45);
  std::vector<ConvGeometry> geometries;
  for (int i = 0; i < 40; ++i) geometries.push_back(random_geometry(rng, i % 3 == 0 ? 40 : 9));
  geometries.push_back(ConvGeometry::transposed("conv_transpose3d", {3, 2, 2, 2, 160},
                                                {160, 4, 4, 4, 110}, {{2, 2, 2}, {1, 1, 1}}));
  for (const ConvGeometry& g : geometries) {
    CAPTURE(concat(g));
    const Tensor x = narrow_normal(rng, g.input_shape()), w = narrow_normal(rng, g.weight_shape()),
                 dy = narrow_normal(rng, g.output_shape());
    const auto plain = [&](ConvDirection direction, const Tensor& a, const Tensor& b) {
      return plain_convolution(g, direction, a.to(DType::f64), b.to(DType::f64));
    };
    // Products of bf16 are exact in f32, so results kept in f32 meet the bound of f32.
    const GuardedTensor y(g.output_shape(), DType::f32), dx(g.input_shape(), DType::f32);
    const GuardedTensor dw(g.weight_shape(), DType::f32);
    cpu::conv_ops().forward(g, x, w, {}, y);
    cpu::conv_ops().backward_data(g, dy, w, {}, dx);
    cpu::conv_ops().backward_weight(g, x, dy, dw);
    CHECK((y.intact() && dx.intact() && dw.intact()));
    CHECK(error_over_bound(g, ConvDirection::forward, y, plain(ConvDirection::forward, x, w)) <= 1);
    CHECK(error_over_bound(g, ConvDirection::backward_data, dx,
                           plain(ConvDirection::backward_data, dy, w)) <= 1);
    CHECK(error_over_bound(g, ConvDirection::backward_weight, dw,
                           plain(ConvDirection::backward_weight, x, dy)) <= 1);

    const auto epilogue = [&](std::int64_t channels) {
      return Epilogue{random_normal(rng, {channels}, DType::f32), Activation::elu()};
    };
    const Epilogue forward = epilogue(g.out_channels), backward = epilogue(g.in_channels);
    compare(
        g.output_shape(),
        [&](const Tensor& out) { cpu::conv_ops().forward(g, x, w, forward, out); },
        [&](const Tensor& out) { cpu::conv_ops().forward(g, wide(x), wide(w), forward, out); });
    compare(
        g.input_shape(),
        [&](const Tensor& out) { cpu::conv_ops().backward_data(g, dy, w, backward, out); },
        [&](const Tensor& out) {
          cpu::conv_ops().backward_data(g, wide(dy), wide(w), backward, out);
        });
  }
}
