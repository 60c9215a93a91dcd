// The convolution algorithms, one and all, against the definition.
#include <doctest/doctest.h>
#include <omp.h>

#include <algorithm>

#include "cpu/conv/epilogue.h"
#include "cpu/conv/linear.h"
#include "cpu/conv/small_channels.h"
#include "cpu/conv/tiled.h"
#include "cpu/conv/weight_bound.h"
#include "cpu/conv/winograd.h"
#include "cpu/kernels.h"
#include "cpu/onednn/onednn.h"
#include "tests/cpu/conv_operands.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

const ConvOps reference{[](const ConvProblem& problem, const ConvOperands& operands) {
  cpu::then_epilogue(problem, operands, cpu::reference::convolve);
}};
const ConvOps tiled{cpu::tiled::convolve};

void check_all_directions(const ConvOps& ops, const ConvGeometry& g, DType dtype, Rng& rng) {
  CAPTURE(concat(g));
  const Operands in = random_operands(rng, g, dtype);
  const Tensor x = in.x.to(DType::f64), w = in.w.to(DType::f64), dy = in.dy.to(DType::f64);

  const GuardedTensor y(g.output_shape(), dtype);
  ops.forward(g, in.x, in.w, {}, y);
  CHECK(y.intact());
  CHECK(error_over_bound(g, ConvDirection::forward, y,
                         plain_convolution(g, ConvDirection::forward, x, w)) <= 1);

  const GuardedTensor dx(g.input_shape(), dtype);
  ops.backward_data(g, in.dy, in.w, {}, dx);
  CHECK(dx.intact());
  CHECK(error_over_bound(g, ConvDirection::backward_data, dx,
                         plain_convolution(g, ConvDirection::backward_data, dy, w)) <= 1);

  const GuardedTensor dw(g.weight_shape(), dtype);
  ops.backward_weight(g, in.x, in.dy, dw);
  CHECK(dw.intact());
  CHECK(error_over_bound(g, ConvDirection::backward_weight, dw,
                         plain_convolution(g, ConvDirection::backward_weight, x, dy)) <= 1);
}

// Bias and activation must give what separate kernels give on the plain result.
void check_epilogues(const ConvOps& ops, const ConvGeometry& g, DType dtype, Rng& rng) {
  CAPTURE(concat(g));
  const Operands in = random_operands(rng, g, dtype);
  // Below AVX-512 oneDNN has other kernels where there is an epilogue, which sum in another order:
  // the bound of error_over_bound(), for two sums.
  const auto longest =
      std::max(terms(g, ConvDirection::forward), terms(g, ConvDirection::backward_data));
  const double bound = dtype == DType::f64 ? 1e-14
                       : cpu::onednn::uses_avx512()
                           ? 2e-6
                           : std::max(2e-6, 8 * std::sqrt(double(longest)) * 0x1p-24);
  for (const Activation activation :
       {Activation::identity(), Activation::relu(), Activation::leaky_relu(0.2), Activation::elu(),
        Activation::sigmoid()}) {
    for (const bool with_bias : {false, true}) {
      const auto expected = [&](const Tensor& plain, const Epilogue& epilogue) {
        const Tensor y = plain.to(DType::f64).clone();
        const std::int64_t channels = y.shape()[-1];
        if (with_bias) {
          const Tensor bias = epilogue.bias.to(DType::f64);
          for (std::int64_t i = 0; i < y.numel(); ++i)
            y.data<double>()[i] += bias.data<double>()[i % channels];
        }
        cpu::elementwise_ops().activation(activation, y, y);
        return y;
      };
      const auto epilogue_for = [&](std::int64_t channels) {
        return Epilogue{with_bias ? random_normal(rng, {channels}, dtype) : Tensor(), activation};
      };
      const GuardedTensor plain(g.output_shape(), dtype), y(g.output_shape(), dtype);
      const Epilogue forward = epilogue_for(g.out_channels);
      ops.forward(g, in.x, in.w, {}, plain);
      ops.forward(g, in.x, in.w, forward, y);
      CHECK(y.intact());
      CHECK(max_relative_error(y, expected(plain, forward)) <= bound);

      const GuardedTensor plain_dx(g.input_shape(), dtype), dx(g.input_shape(), dtype);
      const Epilogue backward = epilogue_for(g.in_channels);
      ops.backward_data(g, in.dy, in.w, {}, plain_dx);
      ops.backward_data(g, in.dy, in.w, backward, dx);
      CHECK(dx.intact());
      CHECK(max_relative_error(dx, expected(plain_dx, backward)) <= bound);
    }
  }
}

}  // namespace

TEST_CASE("tiled loops agree with the definition on random geometries") {
  Rng rng(7);
  for (int i = 0; i < 60; ++i)
    check_all_directions(tiled, random_geometry(rng, i % 3 == 0 ? 20 : 5),
                         i % 2 == 0 ? DType::f64 : DType::f32, rng);
}

TEST_CASE("what the table takes in f32 agrees with the definition on random geometries") {
  Rng rng(8);
  for (int i = 0; i < 60; ++i)
    check_all_directions(cpu::conv_ops(), random_geometry(rng, i % 3 == 0 ? 40 : 9), DType::f32,
                         rng);
}

TEST_CASE("epilogues add the bias and activate") {
  Rng rng(9);
  for (int i = 0; i < 5; ++i) {
    const ConvGeometry g = random_geometry(rng, 19);
    check_epilogues(cpu::conv_ops(), g, DType::f64, rng);
    check_epilogues(cpu::conv_ops(), g, DType::f32, rng);
    check_epilogues(tiled, g, DType::f32, rng);
    check_epilogues(reference, g, DType::f64, rng);
    check_epilogues(reference, g, DType::f32, rng);
  }
  check_epilogues(cpu::conv_ops(), ConvGeometry::linear("linear", {3, 70}, {33, 70}), DType::f32,
                  rng);
}

TEST_CASE("heavy layers of few pixels agree with the loops") {
  Rng rng(10);
  const ConvGeometry g = ConvGeometry::transposed("conv_transpose3d", {3, 2, 2, 2, 160},
                                                  {160, 4, 4, 4, 110}, {{2, 2, 2}, {1, 1, 1}});
  check_all_directions(cpu::conv_ops(), g, DType::f32, rng);
  check_epilogues(cpu::conv_ops(), g, DType::f32, rng);
}

TEST_CASE(
    "wide 3x3 layers, by Winograd's algorithm where there is one, agree with the definition") {
  using cpu::onednn::kernel_name;
  Rng rng(12);
  const auto layer = [](std::int64_t batch, std::int64_t height, std::int64_t width,
                        std::int64_t padding) {
    return ConvGeometry::convolution("conv2d", {batch, height, width, 64}, {80, 3, 3, 64},
                                     {{1, 1, 1}, {0, padding, padding}});
  };
  const ConvGeometry padded = layer(3, 29, 27, 1), tight = layer(2, 37, 41, 0);
  if (cpu::onednn::has_winograd())
    for (const auto direction :
         {ConvDirection::forward, ConvDirection::backward_data, ConvDirection::backward_weight})
      CHECK(kernel_name({direction, padded}).starts_with("jit_wino"));
  check_all_directions(cpu::conv_ops(), padded, DType::f32, rng);
  check_all_directions(cpu::conv_ops(), tight, DType::f32, rng);
  check_epilogues(cpu::conv_ops(), padded, DType::f32, rng);
}

TEST_CASE("large maps are convolved a few samples at a time") {
  Rng rng(14);
  const ConvGeometry g = ConvGeometry::convolution("conv2d", {3, 130, 150, 64}, {64, 3, 3, 64},
                                                   {{1, 1, 1}, {0, 1, 1}});
  const Operands in = random_operands(rng, g, DType::f32);
  const GuardedTensor y(g.output_shape(), DType::f32), dx(g.input_shape(), DType::f32);
  cpu::conv_ops().forward(g, in.x, in.w, {}, y);
  cpu::conv_ops().backward_data(g, in.dy, in.w, {}, dx);
  CHECK(y.intact());
  CHECK(dx.intact());
  const Tensor expected_y(g.output_shape()), expected_dx(g.input_shape());
  tiled.forward(g, in.x, in.w, {}, expected_y);
  tiled.backward_data(g, in.dy, in.w, {}, expected_dx);
  CHECK(max_relative_error(y, expected_y) <= 1e-5);
  CHECK(max_relative_error(dx, expected_dx) <= 1e-5);
}

TEST_CASE("gradients of single channels agree with the definition") {
  Rng rng(13);
  for (int i = 0; i < 12; ++i) {
    ConvGeometry g = random_geometry(rng, 9);
    if (g.spatial_rank != 3) continue;
    g.in_channels = 1;
    g.out_channels += 8;
    check_all_directions(cpu::conv_ops(), g, DType::f32, rng);
    check_epilogues(cpu::conv_ops(), g, DType::f32, rng);
  }
  const ConvGeometry up = ConvGeometry::transposed("conv_transpose3d", {2, 3, 5, 4, 32},
                                                   {32, 4, 4, 4, 1}, {{2, 2, 2}, {1, 1, 1}});
  check_all_directions(cpu::conv_ops(), up, DType::f32, rng);
}

TEST_CASE("weight gradients agree with the definition where paddings are deep") {
  Rng rng(30);
  const auto geometry = [](const Shape& x, const Shape& w, Triple stride, Triple padding) {
    return ConvGeometry::convolution("conv3d", x, w, {stride, padding});
  };
  check_all_directions(cpu::conv_ops(),
                       geometry({2, 3, 4, 2, 26}, {61, 4, 4, 2, 26}, {2, 3, 1}, {3, 0, 1}),
                       DType::f32, rng);
  check_all_directions(cpu::conv_ops(),
                       geometry({3, 4, 3, 5, 63}, {62, 4, 2, 3, 63}, {2, 2, 2}, {3, 0, 0}),
                       DType::f32, rng);
}

TEST_CASE("linear layers agree with plain sums") {
  Rng rng(15);
  for (const auto& [m, n, k] : {std::array<std::int64_t, 3>{1, 1, 1},
                                {7, 13, 37},
                                {4, 6, 16},
                                {131, 27, 600},
                                {129, 50, 1037}}) {
    const Tensor a = random_normal(rng, {m, k}, DType::f32);
    const Tensor b = random_normal(rng, {n, k}, DType::f32);
    const GuardedTensor c({m, n}, DType::f32), again({m, n}, DType::f32);
    const ConvGeometry g = ConvGeometry::linear("linear", {m, k}, {n, k});
    cpu::linear::forward(g, a, b, c);
    cpu::linear::forward(g, a, b, again);
    CHECK(c.intact());
    CHECK(identical(c, again));
    CHECK(error_over_bound(g, ConvDirection::forward, c,
                           plain_convolution(g, ConvDirection::forward, a.to(DType::f64),
                                             b.to(DType::f64))) <= 1);
  }
}

TEST_CASE(
    "convolutions with few output pixels agree with the definition, for any number of threads") {
  Rng rng(16);
  using namespace cpu;
  const ConvOps ops{[](const ConvProblem& p, const ConvOperands& o) {
    if (p.direction == ConvDirection::forward)
      weight_bound::forward(p.geometry, o.x, o.w, o.y);
    else if (p.direction == ConvDirection::backward_data)
      weight_bound::backward_data(p.geometry, o.y, o.w, o.x);
    else
      weight_bound::backward_weight(p.geometry, o.x, o.y, o.w);
  }};
  const ConvOptions halving{{2, 2, 2}, {1, 1, 1}};
  const int threads = omp_get_max_threads();
  for (const ConvGeometry& g : {
           ConvGeometry::linear("linear", {1, 16}, {1, 16}),
           ConvGeometry::linear("linear", {5, 1040}, {37, 1040}),
           ConvGeometry::transposed("conv_transpose3d", {1, 2, 2, 2, 40}, {40, 4, 4, 4, 48},
                                    halving),
           ConvGeometry::transposed("conv_transpose3d", {3, 2, 2, 2, 9}, {9, 4, 4, 4, 32}, halving),
           // More samples than are summed at a time.
           ConvGeometry::transposed("conv_transpose3d", {21, 2, 2, 2, 3}, {3, 4, 4, 4, 16},
                                    halving),
           ConvGeometry::convolution("conv3d", {2, 5, 4, 3, 16}, {7, 3, 2, 3, 16},
                                     {{1, 2, 1}, {2, 0, 1}}),
       }) {
    check_all_directions(ops, g, DType::f32, rng);
    const Operands in = random_operands(rng, g, DType::f32);
    const auto run = [&] {
      const Tensor y(g.output_shape()), dx(g.input_shape()), dw(g.weight_shape());
      ops.forward(g, in.x, in.w, {}, y);
      ops.backward_data(g, in.dy, in.w, {}, dx);
      ops.backward_weight(g, in.x, in.dy, dw);
      return std::array{y, dx, dw};
    };
    const auto first = run();
    omp_set_num_threads(3);
    const auto second = run();
    omp_set_num_threads(threads);
    for (int j = 0; j < 3; ++j) CHECK(identical(first[j], second[j]));
  }
}

TEST_CASE("heavy layers take the kernels for few pixels") {
  Rng rng(17);
  for (const ConvGeometry& g :
       {ConvGeometry::linear("linear", {2, 1024}, {512, 1024}),
        ConvGeometry::transposed("conv_transpose3d", {1, 2, 2, 2, 256}, {256, 4, 4, 4, 32},
                                 {{2, 2, 2}, {1, 1, 1}})}) {
    CHECK(cpu::weight_bound::preferred(g));
    check_all_directions(cpu::conv_ops(), g, DType::f32, rng);
    check_epilogues(cpu::conv_ops(), g, DType::f32, rng);
  }
}

TEST_CASE("3x3x3 convolutions with few channels agree with the definition") {
  Rng rng(19);
  const std::int64_t extents[][3] = {{32, 32, 32}, {1, 2, 3}, {6, 5, 33}, {9, 4, 64}};
  for (const auto& [d, h, w] : extents)
    for (const std::int64_t out : {1, 2, 3, 4, 5, 8})
      for (const std::int64_t padding : {0, 1, 2}) {
        if (d == 32 && padding != 1) continue;  // the merger's own size, of which one is enough
        if (std::min(d, h) + 2 * padding < 3) continue;
        const std::int64_t in = random_int(rng, 1, 16);
        const ConvGeometry g =
            ConvGeometry::convolution("conv3d", {d == 32 ? 1 : 3, d, h, w, in}, {out, 3, 3, 3, in},
                                      {{1, 1, 1}, {padding, padding, padding}});
        CAPTURE(concat(g));
        if (d == 32) CHECK(cpu::small_channels::preferred(g));
        const Operands data = random_operands(rng, g, DType::f32);
        const GuardedTensor y(g.output_shape(), DType::f32);
        cpu::small_channels::forward(g, data.x, data.w, y);
        CHECK(y.intact());
        CHECK(error_over_bound(g, ConvDirection::forward, y,
                               plain_convolution(g, ConvDirection::forward, data.x.to(DType::f64),
                                                 data.w.to(DType::f64))) <= 1);
      }
}

TEST_CASE("convolutions repeat bit for bit, the loops with any number of threads") {
  Rng rng(11);
  const int threads = omp_get_max_threads();
  for (int i = 0; i < 20; ++i) {
    const ConvGeometry g = random_geometry(rng, 30);
    const Operands in = random_operands(rng, g, DType::f32);
    for (const ConvOps* ops : {&cpu::conv_ops(), &tiled}) {
      const auto run = [&] {
        const Tensor y(g.output_shape()), dx(g.input_shape()), dw(g.weight_shape());
        ops->forward(g, in.x, in.w, {}, y);
        ops->backward_data(g, in.dy, in.w, {}, dx);
        ops->backward_weight(g, in.x, in.dy, dw);
        return std::array{y, dx, dw};
      };
      const auto first = run();
      if (ops == &tiled) omp_set_num_threads(3);
      const auto second = run();
      omp_set_num_threads(threads);
      for (int j = 0; j < 3; ++j) CHECK(identical(first[j], second[j]));
    }
  }
}

namespace {

/// Root mean square of the differences, relative to the largest expected value.
double rms_relative_error(const Tensor& value, const Tensor& expected) {
  const std::vector<double> a = value.to(DType::f64).to_vector<double>(),
                            b = expected.to(DType::f64).to_vector<double>();
  double squares = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    squares += (a[i] - b[i]) * (a[i] - b[i]);
    largest = std::max(largest, std::abs(b[i]));
  }
  return std::sqrt(squares / double(a.size())) / largest;
}

}  // namespace

TEST_CASE("Winograd's algorithm agrees with the definition in every direction") {
  Rng rng(13);
  struct Case {
    Shape x;
    std::int64_t out, padding;
  };
  const ConvOps winograd{cpu::winograd::convolve};
  // One tile and many, tiles cut by the border, few tiles and blocks of them, light and heavy
  // weights, no padding and more than the algorithm needs.
  for (const Case& c :
       {Case{{1, 4, 4, 32}, 32, 1}, Case{{2, 7, 9, 64}, 64, 1}, Case{{1, 28, 30, 64}, 96, 0},
        Case{{3, 33, 41, 96}, 32, 1}, Case{{1, 45, 38, 160}, 192, 1}, Case{{2, 5, 6, 32}, 64, 2}}) {
    const ConvGeometry g = ConvGeometry::convolution("conv2d", c.x, {c.out, 3, 3, c.x[-1]},
                                                     {{1, 1, 1}, {0, c.padding, c.padding}});
    CAPTURE(concat(g));
    const double bound = 1.5e-5;
    const Operands in = random_operands(rng, g, DType::f32);
    const Tensor x = in.x.to(DType::f64), w = in.w.to(DType::f64), dy = in.dy.to(DType::f64);
    const GuardedTensor y(g.output_shape(), DType::f32), dx(g.input_shape(), DType::f32),
        dw(g.weight_shape(), DType::f32);
    winograd.forward(g, in.x, in.w, {}, y);
    winograd.backward_data(g, in.dy, in.w, {}, dx);
    winograd.backward_weight(g, in.x, in.dy, dw);
    CHECK(y.intact());
    CHECK(dx.intact());
    CHECK(dw.intact());
    // Against f64, relative to the largest result: errors are ten times those of direct convolution
    // at their root mean square, and add up like a random walk where sums are longer.
    const auto check_errors = [&](ConvDirection direction, const Tensor& value, const Tensor& a,
                                  const Tensor& b) {
      CAPTURE(name_of(direction));
      CHECK(cpu::winograd::supports({direction, g}));
      const Tensor expected = plain_convolution(g, direction, a, b).value;
      CHECK(max_relative_error(value, expected) <= bound);
      CHECK(rms_relative_error(value, expected) <= 1e-6);
    };
    check_errors(ConvDirection::forward, y, x, w);
    check_errors(ConvDirection::backward_data, dx, dy, w);
    check_errors(ConvDirection::backward_weight, dw, x, dy);
    for (const Activation activation : {Activation::relu(), Activation::elu()})
      for (const bool transposed : {false, true}) {
        const Epilogue epilogue{
            random_normal(rng, {transposed ? g.in_channels : g.out_channels}, DType::f32),
            activation};
        const GuardedTensor& result = transposed ? dx : y;
        const GuardedTensor expected(result.tensor().shape(), DType::f32);
        const auto run = [&](const ConvOps& ops, const Tensor& to) {
          if (transposed)
            ops.backward_data(g, in.dy, in.w, epilogue, to);
          else
            ops.forward(g, in.x, in.w, epilogue, to);
        };
        run(tiled, expected);
        run(winograd, result);
        CHECK(max_relative_error(result, expected) <= bound);
      }
  }
}

TEST_CASE("Winograd's algorithm gives the same bits with any number of threads") {
  Rng rng(21);
  const int threads = omp_get_max_threads();
  const ConvOps winograd{cpu::winograd::convolve};
  // The last two have more tiles than a gradient of few weights, and of many, takes at a time.
  for (const Shape& shape : {Shape{2, 30, 31, 128}, Shape{2, 97, 150, 64}, Shape{2, 81, 97, 288}}) {
    const ConvGeometry g =
        ConvGeometry::convolution("conv2d", shape, {64, 3, 3, shape[-1]}, {{1, 1, 1}, {0, 1, 1}});
    CAPTURE(concat(g));
    const Operands in = random_operands(rng, g, DType::f32);
    const auto run = [&](const ConvOps& ops, int count) {
      omp_set_num_threads(count);
      const Tensor y(g.output_shape()), dx(g.input_shape()), dw(g.weight_shape());
      ops.forward(g, in.x, in.w, {}, y);
      ops.backward_data(g, in.dy, in.w, {}, dx);
      ops.backward_weight(g, in.x, in.dy, dw);
      omp_set_num_threads(threads);
      return std::array{y, dx, dw};
    };
    const auto one = run(winograd, 1), three = run(winograd, 3), expected = run(tiled, threads);
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(identical(one[j], three[j]));
      CHECK(max_relative_error(one[j], expected[j]) <= 2e-5);
    }
  }
}
