// What is around cuDNN and cuBLAS: which of the listed engines is taken, what happens when it
// fails, how much of an epilogue is fused, and what recorded steps do with plans. Every case has a
// geometry of its own, as plans are kept.
#include "cuda/conv/cudnn/conv.h"
#include "cuda/conv/cudnn/tuned.h"
#include "cuda/runtime/handles.h"
#include "tensor/captured_graph.h"
#include "tests/cuda/conv_bounds.h"
#include "tests/cuda/emulation/libraries/libraries.h"
#include "tests/support/expect_error.h"

using namespace voxgrad;
using namespace voxgrad::testing;
using emulation::Engine;

namespace {

/// A convolution of 16 to 24 channels in a map whose edge tells the cases apart.
struct Case {
  ConvGeometry g;
  Tensor x, w, y;

  Case(std::int64_t edge, DType dtype, Precision precision = Precision::f32,
       DType result = DType::f32)
      : g(ConvGeometry::convolution("conv", {2, edge, 5, 16}, {24, 3, 3, 16},
                                    {{1, 1, 1}, {0, 1, 1}, precision})) {
    Rng rng(std::uint64_t(edge), {std::uint64_t(dtype)});
    x = random_normal(rng, g.input_shape(), dtype);
    w = random_normal(rng, g.weight_shape(), dtype);
    y = Tensor(g.output_shape(), dtype == DType::bf16 ? result : dtype, Device::cuda());
    y.fill(-77);
  }
  ConvProblem problem(const Epilogue& epilogue = {}) const {
    return {ConvDirection::forward, g, x.dtype(), y.dtype(), epilogue.bias.defined(),
            epilogue.activation};
  }
  /// The share of the allowed error; TF32's factors are rounded before.
  double error() const {
    const PlainResult plain =
        plain_convolution(g, ConvDirection::forward, x.to(DType::f64), w.to(DType::f64));
    return share(g, ConvDirection::forward, to_cpu(y), plain);
  }
  void run() const { gpu().conv.forward(g, to_gpu(x), to_gpu(w), {}, y); }
};

std::vector<Engine> two_engines(bool first_fails_when_run, bool second_fails_when_run) {
  Engine first{11, CUDNN_HEUR_MODE_A}, second{12, CUDNN_HEUR_MODE_FALLBACK};
  first.fails_when_run = first_fails_when_run;
  second.fails_when_run = second_fails_when_run;
  return {first, second};
}

}  // namespace

TEST_CASE("a plan that fails when it is run is replaced by the next, once") {
  const emulation::Engines engines(two_engines(true, false));
  const Case each(7, DType::f32);
  const int before = emulation::library_calls();
  each.run();
  CHECK(emulation::last_engine() == 12);
  CHECK(each.error() <= 1);
  CHECK(emulation::library_calls() == before + 2);
  each.run();
  CHECK(emulation::library_calls() == before + 3);
}

TEST_CASE("where every plan fails, a kernel of ours computes") {
  const emulation::Engines engines(two_engines(true, true));
  const Case each(8, DType::f32);
  const int before = emulation::library_calls();
  each.run();
  CHECK(emulation::library_calls() == before + 2);
  CHECK(each.error() <= 1);
  each.run();  // and cuDNN is not asked again
  CHECK(emulation::library_calls() == before + 2);
  CHECK_FALSE(cuda::cudnn::supports(each.problem()));
}

TEST_CASE("where cuDNN lists nothing, it does not support the problem") {
  const emulation::Engines engines(
      {{1, CUDNN_HEUR_MODE_A, {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC}}});
  const Case each(9, DType::f64);
  CHECK_FALSE(cuda::cudnn::supports(each.problem()));
  CHECK(gpu().conv.table().choose(each.problem(), false).name != std::string("cudnn"));
}

TEST_CASE("an engine that cannot be built, or needs too much memory, is passed over") {
  Engine first{21, CUDNN_HEUR_MODE_A}, second{22, CUDNN_HEUR_MODE_A}, third{23, CUDNN_HEUR_MODE_A};
  first.fails_when_built = true;
  second.workspace = (std::int64_t{512} << 20) + 1;
  third.workspace = 1000;
  const emulation::Engines engines({first, second, third});
  const Case each(10, DType::f32);
  each.run();
  CHECK(emulation::last_engine() == 23);
  CHECK(each.error() <= 1);
}

TEST_CASE("the engines that are taken by default keep what each precision promises") {
  const Case f32(11, DType::f32), tf32(11, DType::f32, Precision::tf32),
      bf16(11, DType::bf16, Precision::bf16, DType::bf16);
  f32.run();
  CHECK(emulation::last_engine() == 0);  // tensor cores would round
  CHECK(f32.error() <= 1);
  tf32.run();
  CHECK(emulation::last_engine() == 5);
  CHECK(tf32.error() > 2);  // TF32 may be used, and is
  CHECK(tf32.error() < 10000);
  bf16.run();
  CHECK(emulation::last_engine() == 5);
  CHECK(bf16.error() <= 1);
}

TEST_CASE("bf16 factors with an f32 result are multiplied as TF32, exactly") {
  const Case each(12, DType::bf16);
  each.run();
  CHECK(emulation::last_engine() == 5);
  CHECK(each.error() <= 1);
}

TEST_CASE("a bias and ReLU are part of the plan; for others there is a pass of ours") {
  Rng rng(5);
  const Tensor bias = random_normal(rng, {24}, DType::f32);
  const auto calls_of = [&](std::int64_t edge, Activation activation) {
    const Case each(edge, DType::f32);
    const Epilogue epilogue{to_gpu(bias), activation};
    const int before = emulation::library_calls();
    gpu().conv.forward(each.g, to_gpu(each.x), to_gpu(each.w), epilogue, each.y);
    const Tensor expected =
        plain_with_epilogue(each.g, ConvDirection::forward, each.x.to(DType::f64),
                            each.w.to(DType::f64), {bias.to(DType::f64), activation});
    CHECK(max_relative_error(to_cpu(each.y), expected) < 1e-6);
    return emulation::library_calls() - before;
  };
  CHECK(calls_of(13, Activation::relu()) == 1);
  CHECK(calls_of(14, Activation::elu()) == 1);
  CHECK(calls_of(15, Activation::leaky_relu(0.2)) == 1);
}

TEST_CASE("tensors that are not aligned as plans promise are computed by a kernel of ours") {
  const Case each(16, DType::f32);
  const int before = emulation::library_calls();
  gpu().conv.forward(each.g, to_gpu_misaligned(each.x), to_gpu(each.w), {}, each.y);
  CHECK(emulation::library_calls() == before);
  CHECK(each.error() <= 1);
}

TEST_CASE("plans run in recorded work, which replays them") {
  const Case each(17, DType::f32);
  const Tensor x = to_gpu(each.x), w = to_gpu(each.w);
  each.run();
  const Tensor expected = to_cpu(each.y);
  const int before = emulation::library_calls();
  CapturedGraph graph(Device::cuda(), [&] { gpu().conv.forward(each.g, x, w, {}, each.y); });
  CHECK(emulation::library_calls() == before + 1);
  each.y.fill(-77);
  graph.replay();
  CHECK(emulation::library_calls() == before + 1);
  CHECK(identical(to_cpu(each.y), expected));
}

TEST_CASE("an error of cuBLAS names the call and the operation") {
  const ConvGeometry g = ConvGeometry::linear("linear", {3, 20}, {10, 20});
  const Tensor x = Tensor::full(g.input_shape(), 1, DType::f32, Device::cuda(1));
  const Tensor w = Tensor::full(g.weight_shape(), 1, DType::f32, Device::cuda(1));
  const Tensor y(g.output_shape(), DType::f32, Device::cuda(1));
  emulation::fail_cublas_create();
  const std::string message =
      error_of<DeviceError>([&] { backend(Device::cuda(1)).conv.forward(g, x, w, {}, y); });
  CHECK(says(message, "cublasCreate failed"));
  CHECK(says(message, "conv forward"));
  backend(Device::cuda(1)).conv.forward(g, x, w, {}, y);
  CHECK(to_cpu(y).to_vector<float>() == std::vector<float>(30, 20.0f));
}

TEST_CASE("a tuned plan comes first, the others after it in their order") {
  const emulation::Engines engines(
      {{31, CUDNN_HEUR_MODE_A},
       {32, CUDNN_HEUR_MODE_A, {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC}},
       {33, CUDNN_HEUR_MODE_A},
       {34, CUDNN_HEUR_MODE_FALLBACK}});
  const Case each(18, DType::f32);
  const cuda::cudnn::Target target(cuda::cudnn_handle());
  const cuda::cudnn::Problem problem{
      ConvDirection::forward, cuda::cudnn::Math::f32, each.g, false, {}};
  const auto order = [&](std::optional<cuda::cudnn::TunedPlan> tuned) {
    cuda::cudnn::TunedPlanner planner(target, problem, 1000, tuned);
    std::vector<std::int64_t> found;
    for (cuda::cudnn::Plan plan; planner.next(plan);) found.push_back(plan.engine());
    return found;
  };
  using Order = std::vector<std::int64_t>;
  CHECK(order({}) == Order{31, 33, 34});
  CHECK(order({{0, 31}}) == Order{31, 33, 34});
  CHECK(order({{1, 33}}) == Order{33, 31, 34});
  CHECK(order({{2, 34}}) == Order{34, 31, 33});
  CHECK(order({{1, 34}}) == Order{31, 33, 34});  // another engine than was measured
  CHECK(order({{7, 34}}) == Order{31, 33, 34});
}

TEST_CASE("engines with tensor cores come first in bf16 and TF32 where channels are many") {
  const emulation::Engines engines({{41, CUDNN_HEUR_MODE_A},
                                    {42, CUDNN_HEUR_MODE_B, {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}},
                                    {43, CUDNN_HEUR_MODE_FALLBACK}});
  const auto order = [](std::int64_t channels, cuda::cudnn::Math math) {
    const ConvGeometry g =
        ConvGeometry::convolution("conv", {1, 5, 5, channels}, {32, 3, 3, channels}, {});
    const cuda::cudnn::Target target(cuda::cudnn_handle());
    cuda::cudnn::Planner planner(target, {ConvDirection::forward, math, g, false, {}}, 1000);
    std::vector<std::int64_t> found;
    for (cuda::cudnn::Plan plan; planner.next(plan);) found.push_back(plan.engine());
    return found;
  };
  using Order = std::vector<std::int64_t>;
  using cuda::cudnn::Math;
  CHECK(order(32, Math::bf16) == Order{42, 41, 43});
  CHECK(order(32, Math::tf32) == Order{42, 41, 43});
  CHECK(order(16, Math::bf16) == Order{41, 42, 43});
  CHECK(order(32, Math::f32) == Order{41, 43});  // B is not asked
}
