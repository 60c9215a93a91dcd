// Convolutions made ready for many runs: the same results, weights kept once, errors said.
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "cpu/conv/winograd.h"
#include "cpu/kernels.h"
#include "tests/cpu/conv_operands.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("prepared convolutions give what the kernels give, run after run") {
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
        // bf16 is rounded once more or less; Winograd's errors have a test of their own below.
        const bool winograd = !transposed && dtype == DType::f32 && cpu::winograd::preferred(g);
        const double bound = dtype == DType::bf16 ? 0.01 : winograd ? 1e-5 : 1e-6;
        const GuardedTensor expected(shape, dtype), y(shape, dtype);
        (transposed ? cpu::conv_ops.backward_data : cpu::conv_ops.forward)(g, x, in.w, epilogue,
                                                                           expected);
        const auto prepared =
            prepare_conv(cpu::conv_ops, {g, transposed, dtype, dtype}, in.w, epilogue);
        for (int run = 0; run < 2; ++run) {
          y.tensor().fill(std::numeric_limits<double>::quiet_NaN());
          prepared->run(x, y);
          CHECK(y.intact());
          CHECK(max_relative_error(y, expected) <= bound);
        }
      }
    }
  }
}

TEST_CASE("weights are shared past sizes whose kernels pack none, or others") {
  Rng rng(20);
  const auto bytes = [] { return cpu::memory_ops.statistics(0).in_use; };
  const auto grown = [&](const std::function<ConvCall(std::int64_t)>& call_of) {
    const ConvGeometry g = call_of(1).geometry;
    const Tensor w = random_normal(rng, g.weight_shape(), DType::f32);
    std::vector<std::shared_ptr<const PreparedConv>> all;
    std::vector<std::size_t> sizes;
    for (const std::int64_t batch : {1, 3, 1, 4, 5}) {
      const std::size_t before = bytes();
      all.push_back(prepare_conv(cpu::conv_ops, call_of(batch), w, {},
                                 all.empty() ? nullptr : all.back().get()));
      sizes.push_back(bytes() - before);
    }
    for (const std::size_t i : {2, 3, 4}) CHECK(sizes[i] < w.bytes() / 10);
  };
  grown([](std::int64_t batch) {  // few pixels at first
    return ConvCall{ConvGeometry::transposed("conv_transpose3d", {batch, 4, 4, 4, 256},
                                             {256, 4, 4, 4, 64}, {{2, 2, 2}, {1, 1, 1}}),
                    true};
  });
#ifdef __AVX512F__                // elsewhere there is no Winograd's algorithm of our own
  grown([](std::int64_t batch) {  // too few tiles for it at first
    return ConvCall{ConvGeometry::convolution("conv2d", {batch, 14, 14, 128}, {128, 3, 3, 128},
                                              {{1, 1, 1}, {0, 1, 1}})};
  });
#endif
}

TEST_CASE("convolutions prepared for batches of several sizes share the weights") {
  Rng rng(18);
  for (const bool flat : {true, false}) {
    const auto geometry = [&](std::int64_t batch) {
      return flat ? ConvGeometry::convolution("conv2d", {batch, 20, 20, 64}, {64, 3, 3, 64},
                                              {{1, 1, 1}, {0, 1, 1}})
                  : ConvGeometry::convolution("conv3d", {batch, 8, 8, 8, 64}, {64, 4, 4, 4, 64},
                                              {{1, 1, 1}, {2, 2, 2}});
    };
    // Enough pixels of both for the same kernel.
    const ConvCall two{geometry(2)}, four{geometry(4)};
    const Operands in = random_operands(rng, four.geometry, DType::f32);
    const auto first = prepare_conv(cpu::conv_ops, two, in.w, {});
    const auto bytes = [] { return cpu::memory_ops.statistics(0).in_use; };
    const std::size_t before = bytes();
    const auto alone = prepare_conv(cpu::conv_ops, four, in.w, {});
    const std::size_t between = bytes();
    const auto sharing = prepare_conv(cpu::conv_ops, four, in.w, {}, first.get());
    CHECK(between - before >= in.w.bytes());
    CHECK(bytes() - between < in.w.bytes() / 10);
    const Tensor expected(four.geometry.output_shape()), y(four.geometry.output_shape());
    alone->run(in.x, expected);
    sharing->run(in.x, y);
    CHECK(identical(y, expected));
  }
}

TEST_CASE("a prepared convolution that runs out of memory says so, on every thread") {
  Rng rng(14);
  const MemoryOps& memory = cpu::memory_ops;
  for (const std::int64_t edge : {8, 30, 120}) {  // one block of tiles, and blocks of them
    const ConvGeometry g = ConvGeometry::convolution("conv2d", {2, edge, edge, 64}, {64, 3, 3, 64},
                                                     {{1, 1, 1}, {0, 1, 1}});
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const Operands in = random_operands(rng, g, dtype);
      const Tensor expected(g.output_shape(), dtype), y(g.output_shape(), dtype);
      const auto prepared = prepare_conv(cpu::conv_ops, {g, false, dtype, dtype}, in.w, {});
      prepared->run(in.x, expected);
      int failures = 0;
      for (bool finished = false; !finished; ++failures) {
        REQUIRE(failures < 100);
        memory.fail_allocation(failures + 1, 0);
        try {
          prepared->run(in.x, y);
          finished = true;
        } catch (const DeviceError&) {
        }
        memory.fail_allocation(0, 0);
      }
      CHECK(identical(y, expected));
    }
  }
}
