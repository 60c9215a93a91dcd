// Which algorithm computes which convolution on the CPU, and that each one, forced, is right.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "cpu/conv/small_channels.h"
#include "cpu/conv/winograd.h"
#include "cpu/kernels.h"
#include "cpu/onednn/onednn.h"
#include "cpu/onednn/plan.h"
#include "tests/cpu/conv_operands.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

const ConvOps& ops = cpu::conv_ops();

struct Forced {
  explicit Forced(const std::string& name) { REQUIRE(ops.table().force(name)); }
  ~Forced() { ops.table().force(""); }
};

std::string choice(const ConvProblem& problem, bool packed = false) {
  return ops.table().choose(problem, packed).name;
}

ConvGeometry flat(std::int64_t batch, std::int64_t size, std::int64_t in, std::int64_t out,
                  std::int64_t kernel = 3, std::int64_t padding = 1, std::int64_t stride = 1) {
  return ConvGeometry::convolution("conv2d", {batch, size, size, in}, {out, kernel, kernel, in},
                                   {{1, stride, stride}, {0, padding, padding}});
}

ConvGeometry cube(std::int64_t batch, std::int64_t size, std::int64_t in, std::int64_t out,
                  std::int64_t kernel, std::int64_t padding, std::int64_t stride = 1) {
  return ConvGeometry::convolution("conv3d", {batch, size, size, size, in},
                                   {out, kernel, kernel, kernel, in},
                                   {{stride, stride, stride}, {padding, padding, padding}});
}

constexpr auto kForward = ConvDirection::forward, kData = ConvDirection::backward_data,
               kWeight = ConvDirection::backward_weight;

}  // namespace

TEST_CASE("each of Pix2Vox's kinds of convolution goes to the algorithm that was measured for it") {
  struct Row {
    const char* what;
    ConvProblem problem;
    std::string prepared, unprepared;
  };
  // Below AVX-512 two of our kernels are not preferred.
  const bool wide = cpu::winograd::preferred({kForward, flat(1, 56, 256, 256)}, false);
  CHECK(cpu::small_channels::preferred(cube(1, 32, 16, 8, 3, 1)) == wide);
  const auto linear = [](std::int64_t batch, std::int64_t in, std::int64_t out) {
    return ConvGeometry::linear("linear", {batch, in}, {out, in});
  };
  const std::string winograd = wide ? "winograd" : "onednn";
  const std::vector<Row> rows{
      {"VGG", {kForward, flat(1, 56, 256, 256)}, winograd, winograd},
      {"VGG, fewer pixels", {kForward, flat(1, 28, 512, 512)}, winograd, winograd},
      {"VGG, few pixels", {kForward, flat(1, 20, 512, 512)}, winograd, "onednn"},
      {"VGG's gradient of x", {kData, flat(1, 56, 256, 256)}, winograd, winograd},
      {"VGG's gradient of w", {kWeight, flat(1, 56, 256, 256)}, winograd, winograd},
      {"VGG, fewer tiles than it wants", {kForward, flat(1, 14, 512, 512)}, "onednn", "onednn"},
      {"VGG's first", {kForward, flat(1, 224, 3, 64)}, "onednn", "onednn"},
      {"encoder, 1x1", {kForward, flat(4, 28, 512, 512, 1, 0)}, "onednn", "onednn"},
      {"decoder.layer1", {kData, cube(1, 4, 256, 2048, 4, 1, 2)}, "weight_bound", "weight_bound"},
      {"its gradient of x",
       {kForward, cube(1, 4, 256, 2048, 4, 1, 2)},
       "weight_bound",
       "weight_bound"},
      {"its gradient of w",
       {kWeight, cube(1, 4, 256, 2048, 4, 1, 2)},
       "weight_bound",
       "weight_bound"},
      {"merger.layer1", {kForward, cube(1, 32, 9, 16, 3, 1)}, "onednn", "onednn"},
      {"merger.layer2",
       {kForward, cube(1, 32, 16, 8, 3, 1)},
       wide ? "small_channels" : "onednn",
       wide ? "small_channels" : "onednn"},
      {"its gradient of x", {kData, cube(1, 32, 16, 8, 3, 1)}, "onednn", "onednn"},
      {"refiner.layer1's gradient of x",
       {kData, cube(1, 32, 1, 32, 4, 2)},
       "single_channel",
       "single_channel"},
      {"refiner.layer4", {kForward, linear(1, 8192, 2048)}, "weight_bound", "weight_bound"},
      {"refiner.layer4 in batches", {kForward, linear(64, 8192, 2048)}, "linear", "linear"},
      {"its gradient of w", {kWeight, linear(64, 8192, 2048)}, "linear", "linear"},
      {"f64", {kForward, flat(1, 28, 64, 64), DType::f64, DType::f64}, "tiled", "tiled"},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.what));
    CHECK(choice(row.problem, true) == row.prepared);
    CHECK(choice(row.problem, false) == row.unprepared);
  }
}

TEST_CASE("what oneDNN computes wrongly or by its reference code alone goes to the tiled loops") {
  const ConvProblem deep{kWeight,
                         ConvGeometry::convolution("conv3d", {2, 3, 4, 2, 26}, {61, 4, 4, 2, 26},
                                                   {{2, 3, 1}, {3, 0, 1}})};
  if (DNNL_VERSION_MAJOR < 3) CHECK(choice(deep) == "tiled");
  CHECK(choice({kForward, deep.geometry}) == "onednn");
}

TEST_CASE("oneDNN runs Winograd's algorithm for wide 3x3 layers with pixels enough, and no other") {
  // Maps of a few million values are convolved a few samples at a time where it is Winograd's.
  constexpr std::int64_t batch = 8, size = 200;
  const auto in_parts = [](const ConvProblem& problem) {
    return cpu::onednn::samples_at_a_time(problem) < problem.geometry.batch;
  };
  const bool there = cpu::onednn::has_winograd();
  for (const auto direction : {kForward, kData}) {
    CAPTURE(name_of(direction));
    CHECK(in_parts({direction, flat(batch, size, 64, 64)}) == there);
    CHECK(in_parts({direction, flat(batch, size, 64, 80, 3, 0)}) == there);
    CHECK_FALSE(in_parts({direction, flat(batch, size, 64, 64, 3, 2)}));
    CHECK_FALSE(in_parts({direction, flat(batch, size, 64, 64, 3, 1, 2)}));
    CHECK_FALSE(in_parts({direction, flat(batch, size, 64, 64, 1, 0)}));
    CHECK_FALSE(in_parts({direction, flat(batch, size, 64, 64, 5, 1)}));
    CHECK_FALSE(in_parts({direction, flat(batch, size, 48, 64)}));
    CHECK_FALSE(in_parts({direction, flat(batch, size, 64, 48)}));
    CHECK_FALSE(in_parts({direction, flat(batch, size, 72, 64)}));
    CHECK_FALSE(in_parts({direction, flat(batch, size, 64, 72)}));
    CHECK_FALSE(in_parts({direction, cube(batch, 32, 64, 64, 3, 1)}));
    CHECK_FALSE(in_parts({direction, flat(batch, size, 64, 64), DType::bf16, DType::bf16}));
    ConvGeometry uneven = flat(batch, size, 64, 64);
    uneven.kernel = {1, 3, 1};
    CHECK_FALSE(in_parts({direction, uneven}));
    uneven = flat(batch, size, 64, 64);
    uneven.padding[2] = 2;
    CHECK_FALSE(in_parts({direction, uneven}));
  }
  CHECK_FALSE(in_parts({kWeight, flat(batch, size, 64, 64)}));
  if (!there) return;
  const auto runs_winograd = [](const ConvProblem& problem) {
    return cpu::onednn::kernel_name(problem).starts_with("jit_wino");
  };
  for (const auto direction : {kForward, kData, kWeight}) {
    CAPTURE(name_of(direction));
    CHECK(runs_winograd({direction, flat(2, 16, 64, 64)}));  // 512 pixels
    CHECK_FALSE(runs_winograd({direction, flat(1, 22, 64, 64)}));
    CHECK_FALSE(runs_winograd({direction, flat(2, 16, 48, 64)}));
    CHECK_FALSE(runs_winograd({direction, flat(2, 16, 64, 48)}));
  }
}

TEST_CASE("every algorithm, forced, computes what it supports and leaves the rest to the table") {
  Rng rng(41);
  const std::vector<ConvGeometry> geometries{
      flat(2, 9, 64, 64),          flat(1, 7, 3, 5, 3, 0, 2),
      cube(1, 6, 9, 4, 3, 1),      cube(2, 5, 1, 9, 4, 2, 2),
      cube(1, 4, 32, 40, 4, 1, 2), ConvGeometry::linear("linear", {5, 48}, {7, 48}),
  };
  int taken = 0, left = 0;
  for (const std::string name : {"weight_bound", "linear", "small_channels", "single_channel",
                                 "winograd", "onednn", "tiled", "reference"}) {
    const Forced forced(name);
    CAPTURE(name);
    int own = 0;
    for (const ConvGeometry& g : geometries) {
      CAPTURE(concat(g));
      const Operands in = random_operands(rng, g, DType::f32);
      const Tensor x = in.x.to(DType::f64), w = in.w.to(DType::f64), dy = in.dy.to(DType::f64);
      for (const auto direction : {kForward, kData, kWeight}) {
        ConvProblem problem{direction, g};
        const std::int64_t channels = direction == kData ? g.in_channels : g.out_channels;
        Epilogue epilogue;
        if (direction != kWeight)
          epilogue = {random_normal(rng, {channels}, DType::f32), Activation::elu()};
        problem.bias = epilogue.bias.defined();
        problem.activation = epilogue.activation;
        const GuardedTensor result(problem.result_shape(), DType::f32);
        ConvOperands operands{in.x, in.w, in.dy, epilogue};
        operands.result(direction) = result;
        ops.run(problem, operands);
        CHECK(result.intact());
        const Tensor expected = plain_with_epilogue(
            g, direction, direction == kData ? dy : x, direction == kWeight ? dy : w,
            {problem.bias ? epilogue.bias.to(DType::f64) : Tensor(), epilogue.activation});
        CHECK(max_relative_error(result, expected) <= 1e-5);
        (choice(problem) == name ? own : left) += 1;
      }
    }
    CHECK(own > 0);
    taken += own;
  }
  CHECK(taken > 40);
  CHECK(left > 0);
}

TEST_CASE("a name that no algorithm has is refused, and the names are told") {
  CHECK_FALSE(ops.table().force("winogradd"));
  CHECK(ops.table().force(""));
  CHECK(ops.table().names().find("winograd") != std::string::npos);
  CHECK(ops.table().names().find("reference") != std::string::npos);
}
