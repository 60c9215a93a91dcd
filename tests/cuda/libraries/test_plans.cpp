// Which plans cuDNN has for the convolutions of Pix2Vox on an H100. cuDNN builds plans from a
// description of a GPU (h100.json, as cuDNN writes it), so this runs where there is none. What a
// plan computes is tested by tests/cuda, on a GPU.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "cuda/conv/cudnn/plan.h"
#include "tests/support/source_tree.h"

using namespace voxgrad;
using namespace voxgrad::cuda;
using cudnn::Math;
using cudnn::Problem;

namespace {

constexpr std::size_t kWorkspaceLimit = std::size_t{512} << 20;

const cudnn::Target& h100() {
  static const cudnn::Target target = [] {
    std::ifstream file(in_source_tree("tests/cuda/libraries/h100.json"));
    std::stringstream text;
    text << file.rdbuf();
    return cudnn::Target::described(text.str());
  }();
  return target;
}

struct Layer {
  const char* name;
  int rank;
  bool transposed;
  std::int64_t in_channels, out_channels, kernel, stride, padding, edge;
};

// Shapes that differ, of A and F.
constexpr Layer kLayers[] = {
    {"vgg conv1_1", 2, false, 3, 64, 3, 1, 1, 224},
    {"vgg conv1_2", 2, false, 64, 64, 3, 1, 1, 224},
    {"vgg conv2_1", 2, false, 64, 128, 3, 1, 1, 112},
    {"vgg conv2_2", 2, false, 128, 128, 3, 1, 1, 112},
    {"vgg conv3_1", 2, false, 128, 256, 3, 1, 1, 56},
    {"vgg conv3_2", 2, false, 256, 256, 3, 1, 1, 56},
    {"vgg conv4_1", 2, false, 256, 512, 3, 1, 1, 28},
    {"A encoder.layer1", 2, false, 512, 512, 3, 1, 0, 28},
    {"A encoder.layer2", 2, false, 512, 512, 3, 1, 0, 26},
    {"A encoder.layer3", 2, false, 512, 256, 1, 1, 0, 8},
    {"F encoder.layer1", 2, false, 512, 512, 1, 1, 0, 28},
    {"F encoder.layer2", 2, false, 512, 256, 3, 1, 0, 28},
    {"F encoder.layer3", 2, false, 256, 128, 3, 1, 0, 6},
    {"A decoder.layer1", 3, true, 2048, 512, 4, 2, 1, 2},
    {"A decoder.layer2", 3, true, 512, 128, 4, 2, 1, 4},
    {"A decoder.layer3", 3, true, 128, 32, 4, 2, 1, 8},
    {"decoder.layer4", 3, true, 32, 8, 4, 2, 1, 16},
    {"decoder.layer5", 3, true, 8, 1, 1, 1, 0, 32},
    {"F decoder.layer1", 3, true, 256, 128, 4, 2, 1, 2},
    {"F decoder.layer2", 3, true, 128, 64, 4, 2, 1, 4},
    {"F decoder.layer3", 3, true, 64, 32, 4, 2, 1, 8},
    {"merger.layer1", 3, false, 9, 16, 3, 1, 1, 32},
    {"merger.layer2", 3, false, 16, 8, 3, 1, 1, 32},
    {"merger.layer3", 3, false, 8, 4, 3, 1, 1, 32},
    {"merger.layer4", 3, false, 4, 2, 3, 1, 1, 32},
    {"merger.layer5", 3, false, 2, 1, 3, 1, 1, 32},
    {"refiner.layer1", 3, false, 1, 32, 4, 1, 2, 32},
    {"refiner.layer2", 3, false, 32, 64, 4, 1, 2, 16},
    {"refiner.layer3", 3, false, 64, 128, 4, 1, 2, 8},
    {"refiner.layer6", 3, true, 128, 64, 4, 2, 1, 4},
    {"refiner.layer7", 3, true, 64, 32, 4, 2, 1, 8},
    {"refiner.layer8", 3, true, 32, 1, 4, 2, 1, 16},
};

ConvGeometry geometry_of(const Layer& layer, std::int64_t batch) {
  const std::int64_t k = layer.kernel, e = layer.edge;
  const std::int64_t first = layer.transposed ? layer.in_channels : layer.out_channels;
  const std::int64_t last = layer.transposed ? layer.out_channels : layer.in_channels;
  const Shape x = layer.rank == 2 ? Shape{batch, e, e, layer.in_channels}
                                  : Shape{batch, e, e, e, layer.in_channels};
  const Shape w = layer.rank == 2 ? Shape{first, k, k, last} : Shape{first, k, k, k, last};
  const ConvOptions options{{layer.stride, layer.stride, layer.stride},
                            {layer.padding, layer.padding, layer.padding}};
  return layer.transposed ? ConvGeometry::transposed("test", x, w, options)
                          : ConvGeometry::convolution("test", x, w, options);
}

struct Found {
  bool plan = false, tensor_cores = false;
  std::int64_t engine = -1;
  std::size_t workspace = 0;
  std::string log;
};

Found find(const Problem& problem, std::size_t limit = kWorkspaceLimit) {
  cudnn::Planner planner(h100(), problem, limit);
  cudnn::Plan plan;
  Found found;
  found.plan = planner.next(plan);
  found.engine = plan.engine();
  found.tensor_cores = plan.tensor_cores();
  found.workspace = plan.workspace_bytes();
  found.log = planner.log();
  return found;
}

}  // namespace

TEST_CASE("cuDNN has a deterministic plan for every convolution of Pix2Vox, in every precision") {
  for (const Layer& layer : kLayers)
    for (const std::int64_t batch : {1, 64})
      for (const Math math : {Math::bf16, Math::tf32, Math::f32, Math::f64})
        for (const ConvDirection direction : {ConvDirection::forward, ConvDirection::backward_data,
                                              ConvDirection::backward_weight}) {
          // VGG is frozen: nothing but the forward pass is run.
          if (direction != ConvDirection::forward && layer.name[0] == 'v') continue;
          Problem problem{direction, math, geometry_of(layer, batch), false, {}};
          const Found found = find(problem);
          CHECK_MESSAGE(found.plan, layer.name, ": ", concat(problem), '\n', found.log);
          CHECK(found.workspace <= kWorkspaceLimit);
          const bool wide = std::min(layer.in_channels, layer.out_channels) >= 32;
          if (wide && (math == Math::bf16 || math == Math::tf32))
            CHECK_MESSAGE(found.tensor_cores, layer.name, " has no tensor cores: ", concat(problem),
                          '\n', found.log);
          if (direction != ConvDirection::forward || layer.transposed) continue;
          problem.bias = true;
          problem.activation = Activation::relu();
          const Found fused = find(problem);
          CHECK_MESSAGE(fused.plan, layer.name, ": ", concat(problem), '\n', fused.log);
        }
}

TEST_CASE("engines that round f32 factors are dropped for f32 and kept for TF32") {
  const ConvGeometry g = geometry_of(kLayers[3], 64);
  const Found exact = find({ConvDirection::forward, Math::f32, g, false, {}});
  const Found rounded = find({ConvDirection::forward, Math::tf32, g, false, {}});
  CHECK(exact.log.find("dropped: TF32 tensor cores") != std::string::npos);
  CHECK(rounded.log.find("TF32 tensor cores") == std::string::npos);
  CHECK(exact.engine != rounded.engine);
}

TEST_CASE("engines that are not deterministic are dropped") {
  const ConvGeometry g = geometry_of(kLayers[3], 64);
  cudnn::Planner planner(h100(), {ConvDirection::backward_weight, Math::tf32, g, false, {}},
                         std::size_t{4} << 30);
  for (cudnn::Plan plan; planner.next(plan);) {
  }
  CHECK(planner.log().find("not deterministic") != std::string::npos);
}

TEST_CASE("a plan keeps within the workspace it is given") {
  const ConvGeometry g = geometry_of(kLayers[1], 64);
  const Problem problem{ConvDirection::forward, Math::f32, g, false, {}};
  const Found generous = find(problem, std::size_t{8} << 30), tight = find(problem, 1 << 20);
  REQUIRE(generous.plan);
  REQUIRE(tight.plan);
  CHECK(generous.workspace > (1u << 20));
  CHECK(tight.workspace <= (1u << 20));
  CHECK(tight.log.find("needs a workspace") != std::string::npos);
}

TEST_CASE("what cuDNN has no engine for is no error, and the log says so") {
  // Leaky ReLU after a bf16 convolution: refused by cuDNN 9.19. Should this fail with a newer one,
  // cuda/conv/cudnn/conv.cpp may fuse it.
  const Found found = find({ConvDirection::forward, Math::bf16, geometry_of(kLayers[1], 64), true,
                            Activation::leaky_relu(0.2)});
  CHECK_FALSE(found.plan);
  CHECK(found.log.find("0 engines") != std::string::npos);
}

TEST_CASE("a description that makes no sense is an error") {
  CHECK_THROWS_AS(cudnn::Target::described("{}"), Error);
}

TEST_CASE("problems are told apart") {
  const ConvGeometry g = geometry_of(kLayers[1], 1);
  const Problem one{ConvDirection::forward, Math::bf16, g, false, {}};
  Problem other = one;
  CHECK(one == other);
  CHECK(cudnn::ProblemHash{}(one) == cudnn::ProblemHash{}(other));
  other.activation = Activation::elu(1);
  CHECK_FALSE(one == other);
  other = one;
  other.geometry.padding[2] = 0;
  CHECK_FALSE(one == other);
  other = one;
  other.bias = true;
  CHECK_FALSE(one == other);
}
