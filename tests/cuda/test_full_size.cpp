// Every convolution of the networks as they are trained, at batch 64, in every precision and
// direction: 2,000 of each result's elements against the definition in f64. Factors are such that
// tensor cores round none of them, so TF32 must keep f32's bound. The list of problems comes from
// the networks. The emulated CUDA does the same with the small layers at batch 1.
#include <algorithm>
#include <map>
#include <set>

#include "pix2vox/network/summary.h"
#include "tests/cuda/sampled_conv.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

struct Layer {
  std::string name;
  ConvGeometry geometry;
};

/// Of all variants, each geometry once, without linear layers.
std::vector<Layer> network_layers() {
  std::vector<Layer> layers;
  for (const std::string variant : {"A", "F"}) {
    Pix2Vox model(default_model(variant));
    for (const LayerSummary& each : summarize(model).layers) {
      if (!each.geometry || each.geometry->spatial_rank == 0) continue;
      const auto same = [&](const Layer& other) { return other.geometry == *each.geometry; };
      if (std::none_of(layers.begin(), layers.end(), same))
        layers.push_back({variant + " " + each.name, *each.geometry});
    }
  }
  return layers;
}

/// One problem with its operands on the device, and samples of the result by direct summation.
class Sampled {
 public:
  Sampled(const ConvGeometry& g, ConvDirection direction, Precision precision, int samples)
      : direction_(direction), g_(g) {
    g_.precision = precision;
    const bool bf16 = precision == Precision::bf16;
    Rng rng(7, {std::uint64_t(direction), std::uint64_t(precision)});
    const bool weight = direction == ConvDirection::backward_weight;
    const DType result = bf16 && !weight ? DType::bf16 : DType::f32;
    first_ = repeated_tensor(
        rng, direction == ConvDirection::backward_data ? g_.output_shape() : g_.input_shape(),
        precision);
    second_ = repeated_tensor(rng, weight ? g_.output_shape() : g_.weight_shape(), precision);
    problem_ = {direction, g_, bf16 ? DType::bf16 : DType::f32, result};
    result_ = Tensor(problem_.result_shape(), result, Device::cuda());
    // A library's gradients of weights are rounded to bf16 once (docs/gpu.md).
    rounding_ = bf16 ? 1.01 * 0x1p-8 : 0;
    choose(rng, weight ? std::min(samples, 100) : samples);
  }
  const ConvProblem& problem() const { return problem_; }
  const Tensor& result() const { return result_; }

  void run() const {
    result_.fill(std::numeric_limits<double>::quiet_NaN());
    ConvOperands operands{first_.on_device, second_.on_device, result_};
    if (direction_ == ConvDirection::backward_data)
      operands = {result_, second_.on_device, first_.on_device};
    if (direction_ == ConvDirection::backward_weight)
      operands = {first_.on_device, result_, second_.on_device};
    gpu().conv.run(problem_, operands);
  }
  /// The largest error as a share of what is allowed.
  double share() const {
    const Tensor flat = result_.reshape({result_.numel()});
    const double factor = 4 * std::sqrt(double(terms(g_, direction_))) * 0x1p-24;
    double worst = 0;
    for (const auto& [index, expected] : samples_) {
      const double found = to_cpu(flat.slice(index, index + 1)).to(DType::f64).item();
      const double bound = factor * expected.magnitude + rounding_ * std::fabs(expected.value);
      const double error = std::fabs(found - expected.value);
      if (error == 0) continue;
      if (!(error / bound < 1e300)) return std::numeric_limits<double>::infinity();
      worst = std::max(worst, error / bound);
    }
    return worst;
  }

 private:
  void choose(Rng& rng, int samples) {
    const std::int64_t size = result_.numel();
    std::set<std::int64_t> chosen{0, size - 1};
    while (std::int64_t(chosen.size()) < std::min<std::int64_t>(samples, size))
      chosen.insert(random_int(rng, 0, size - 1));
    for (const std::int64_t index : chosen) {
      const auto sampled = direction_ == ConvDirection::forward         ? sampled_forward
                           : direction_ == ConvDirection::backward_data ? sampled_backward_data
                                                                        : sampled_backward_weight;
      samples_[index] = sampled(g_, first_, second_, index);
    }
  }

  ConvDirection direction_;
  ConvGeometry g_;
  ConvProblem problem_;
  RepeatedTensor first_, second_;
  Tensor result_;
  double rounding_ = 0;
  std::map<std::int64_t, SampledResult> samples_;
};

/// By the algorithm that the backend takes, and by each other one that computes the problem.
void check_every_way(const Layer& layer, ConvDirection direction, Precision precision,
                     int samples) {
  const Sampled sampled(layer.geometry, direction, precision, samples);
  CAPTURE(layer.name);
  CAPTURE(concat(sampled.problem()));
  CAPTURE(name_of(precision));
  sampled.run();
  CHECK(sampled.share() <= 1);
  const std::string taken = gpu().conv.table().choose(sampled.problem(), false).name;
  for (const std::string name : {"plane_sweep", "small_channels", "cudnn"}) {
    REQUIRE(gpu().conv.table().force(name));
    const bool computes = gpu().conv.table().choose(sampled.problem(), false).name == name;
    if (computes && name != taken) {
      CAPTURE(name);
      sampled.run();
      CHECK(sampled.share() <= 1);
    }
    gpu().conv.table().force("");
  }
}

void check_layers(std::int64_t batch, std::int64_t max_multiply_adds, int samples) {
  int problems = 0;
  for (Layer layer : network_layers()) {
    layer.geometry.batch = batch;
    if (layer.geometry.multiply_adds() > max_multiply_adds) continue;
    for (const Precision precision : {Precision::bf16, Precision::tf32, Precision::f32})
      for (const ConvDirection direction :
           {ConvDirection::forward, ConvDirection::backward_data, ConvDirection::backward_weight}) {
        // VGG is frozen: nothing but the forward pass is run.
        if (layer.name.find("vgg") != std::string::npos && direction != ConvDirection::forward)
          continue;
        check_every_way(layer, direction, precision, samples);
        ++problems;
      }
    gpu().memory.trim(0);
  }
  CHECK(problems > 0);
}

}  // namespace

TEST_CASE("samples of the small convolutions of Pix2Vox, one object") {
  if (no_device()) return;
  check_layers(1, 2'000'000, 300);
}

TEST_CASE("samples of every convolution of Pix2Vox at batch 64 [gpu]") {
  if (no_device()) return;
  check_layers(64, std::numeric_limits<std::int64_t>::max(), 2000);
}
