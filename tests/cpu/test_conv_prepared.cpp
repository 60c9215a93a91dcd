// Weights kept in the kernels' layouts: the same results, one copy of each, errors said.
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <vector>

#include "cpu/conv/winograd.h"
#include "cpu/kernels.h"
#include "tensor/ops/packed_weights.h"
#include "tests/cpu/conv_operands.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("packed weights give what others give, run after run") {
  Rng rng(12);
  std::vector<ConvGeometry> geometries;
  for (int i = 0; i < 30; ++i) geometries.push_back(random_geometry(rng, i % 2 == 0 ? 70 : 9));
  geometries.push_back(ConvGeometry::convolution("conv2d", {2, 30, 30, 64}, {128, 3, 3, 64},
                                                 {{1, 1, 1}, {0, 1, 1}}));
  for (const ConvGeometry& g : geometries) {
    CAPTURE(concat(g));
    for (const DType dtype : {DType::f64, DType::f32, DType::bf16}) {
      const Operands in = random_operands(rng, g, dtype);
      const DType wide = dtype == DType::bf16 ? DType::f32 : dtype;
      for (const bool transposed : {false, true}) {
        const std::int64_t channels = transposed ? g.in_channels : g.out_channels;
        const Epilogue epilogue{random_normal(rng, {channels}, wide), Activation::leaky_relu(0.2)};
        const Tensor& x = transposed ? in.dy : in.x;
        const Shape shape = transposed ? g.input_shape() : g.output_shape();
        const GuardedTensor expected(shape, dtype), y(shape, dtype);
        const ConvProblem problem{
            transposed ? ConvDirection::backward_data : ConvDirection::forward,
            g,
            dtype,
            dtype,
            true,
            epilogue.activation};
        // bf16 is rounded once more or less; Winograd's errors have a test of their own.
        const bool winograd =
            cpu::winograd::supports(problem) && cpu::winograd::preferred(problem, true);
        const double bound = dtype == DType::bf16 ? 0.01 : winograd ? 1e-5 : 1e-6;
        PackedWeights packed(in.w);
        const auto run = [&](const Tensor& result, PackedWeights* weights) {
          cpu::conv_ops().run(problem, transposed
                                           ? ConvOperands{result, in.w, x, epilogue, weights}
                                           : ConvOperands{x, in.w, result, epilogue, weights});
        };
        run(expected, nullptr);
        for (int times = 0; times < 2; ++times) {
          y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
          run(y, &packed);
          CHECK(y.intact());
          CHECK(max_relative_error(y, expected) <= bound);
        }
      }
    }
  }
}

TEST_CASE("batches of several sizes share one copy of the weights in each layout") {
  Rng rng(20);
  const auto bytes = [] { return cpu::memory_ops().statistics(0).in_use; };
  const auto check_shared = [&](ConvDirection direction, bool repacked,
                                const std::function<ConvGeometry(std::int64_t)>& geometry) {
    const ConvGeometry g = geometry(1);
    CAPTURE(concat(g));
    const Tensor w = random_normal(rng, g.weight_shape(), DType::f32);
    PackedWeights packed(w);
    const std::size_t before = bytes();
    std::size_t first = 0;
    for (const std::int64_t batch : {1, 3, 1, 4, 5}) {
      const ConvProblem problem{direction, geometry(batch)};
      const Tensor x = random_normal(rng, problem.geometry.input_shape(), DType::f32);
      const Tensor y = random_normal(rng, problem.geometry.output_shape(), DType::f32);
      const std::size_t maps = bytes() - before - first;
      const ConvOperands operands{x, w, y, {}, &packed};
      cpu::conv_ops().run(problem, operands);
      const std::size_t kept = bytes() - before - maps;
      const std::vector<float> once = operands.result(direction).to_vector<float>();
      cpu::conv_ops().run(problem, operands);
      CHECK(operands.result(direction).to_vector<float>() == once);
      // Past the third, all layouts are there.
      if (batch < 4) first = kept;
      CHECK(kept <= first);
    }
    CHECK((first > 0) == repacked);
    CHECK(first < 3 * w.bytes() + 40 * w.bytes() / 9);
  };
  // Few pixels at first, whose kernel takes the weights as they are.
  check_shared(ConvDirection::backward_data, true, [](std::int64_t batch) {
    return ConvGeometry::transposed("conv_transpose3d", {batch, 4, 4, 4, 256}, {256, 4, 4, 4, 64},
                                    {{2, 2, 2}, {1, 1, 1}});
  });
  // Too few tiles for Winograd's algorithm at first.
  check_shared(ConvDirection::forward, true, [](std::int64_t batch) {
    return ConvGeometry::convolution("conv2d", {batch, 14, 14, 128}, {128, 3, 3, 128},
                                     {{1, 1, 1}, {0, 1, 1}});
  });
  check_shared(ConvDirection::forward, false, [](std::int64_t batch) {
    return ConvGeometry::linear("linear", {batch, 1024}, {512, 1024});
  });
}

TEST_CASE("a convolution with packed weights that runs out of memory says so, on every thread") {
  Rng rng(14);
  const MemoryOps& memory = cpu::memory_ops();
  for (const std::int64_t edge : {8, 30, 120}) {  // one block of tiles, and blocks of them
    const ConvGeometry g = ConvGeometry::convolution("conv2d", {2, edge, edge, 64}, {64, 3, 3, 64},
                                                     {{1, 1, 1}, {0, 1, 1}});
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const Operands in = random_operands(rng, g, dtype);
      const Tensor expected(g.output_shape(), dtype), y(g.output_shape(), dtype);
      const ConvProblem problem{ConvDirection::forward, g, dtype, dtype};
      PackedWeights packed(in.w);
      cpu::conv_ops().run(problem, {in.x, in.w, expected, {}, &packed});
      int failures = 0;
      for (bool finished = false; !finished; ++failures) {
        REQUIRE(failures < 100);
        memory.fail_allocation(failures + 1, 0);
        try {
          cpu::conv_ops().run(problem, {in.x, in.w, y, {}, &packed});
          finished = true;
        } catch (const DeviceError&) {
        }
        memory.fail_allocation(0, 0);
      }
      CHECK(identical(y, expected));
    }
  }
}
