// The trainer on the device: steps recorded or not, asked for ahead or not.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "pix2vox/benchmark/benchmark.h"
#include "pix2vox/network/captured_forward.h"
#include "pix2vox/training/trainer.h"
#include "tests/cuda/device_cases.h"
#include "tests/pix2vox/tiny.h"
#include "tests/pix2vox/toy_dataset.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

Config small_config() {
  Config config;
  config.model = tiny_model();
  config.train.epochs = 1;
  config.train.batch_size = 2;
  config.train.n_views = 2;
  config.train.save_every = 0;
  return config;
}

std::vector<NamedTensor> train(const Config& config, Device device) {
  const TemporaryFolder folder;
  const ToyDataset data(8, 8);
  Trainer trainer(config, data, nullptr, {folder / "run", false, device});
  trainer.run();
  return load_checkpoint(folder / "run" / "checkpoints" / "last.h5", CheckpointPart::weights).model;
}

double largest_value(const Tensor& tensor) {
  double largest = 0;
  for (const double value : tensor.to(DType::f64).to_vector<double>())
    largest = std::max(largest, std::fabs(value));
  return largest;
}

/// What an error of a tensor is compared with: its largest value, or that of the weight beside a
/// bias. A bias begins at 0 and is added to what the weight makes; after a few steps it is a sum of
/// gradients that cancel, of which few digits are certain.
double scale_of(const std::vector<NamedTensor>& tensors, std::size_t i) {
  const std::string& name = tensors[i].name;
  double scale = largest_value(tensors[i].tensor);
  if (!name.ends_with(".bias")) return scale;
  const std::string weight = name.substr(0, name.size() - 4) + "weight";
  for (const NamedTensor& each : tensors)
    if (each.name == weight) scale = std::max(scale, largest_value(each.tensor));
  return scale;
}

}  // namespace

TEST_CASE("recorded steps train to the same bits as steps done one kernel at a time") {
  if (no_device()) return;
  for (const std::string precision : {"f32", "bf16"}) {
    Config config = small_config();
    config.train.precision = precision;
    const std::vector<NamedTensor> recorded = train(config, Device::cuda());
    setenv("VOXGRAD_NO_GRAPHS", "1", 1);
    const std::vector<NamedTensor> plain = train(config, Device::cuda());
    unsetenv("VOXGRAD_NO_GRAPHS");
    REQUIRE(recorded.size() == plain.size());
    for (std::size_t i = 0; i < plain.size(); ++i)
      CHECK_MESSAGE(identical(recorded[i].tensor, plain[i].tensor), plain[i].name);
  }
}

TEST_CASE("pictures that the device makes train as those of the host do") {
  if (no_device()) return;
  for (const std::string precision : {"f32", "bf16"}) {
    CAPTURE(precision);
    Config config = small_config();
    config.train.precision = precision;
    // Adam would move weights whose gradients are rounding noise as far as all others.
    config.train.optimizer = "sgd";
    const std::vector<NamedTensor> there = train(config, Device::cuda());
    setenv("VOXGRAD_HOST_PICTURES", "1", 1);
    const std::vector<NamedTensor> here = train(config, Device::cuda());
    unsetenv("VOXGRAD_HOST_PICTURES");
    for (std::size_t i = 0; i < here.size(); ++i) {
      if (here[i].tensor.dtype() == DType::i64) continue;
      CAPTURE(here[i].name);
      CHECK(max_relative_error(there[i].tensor, here[i].tensor) * largest_value(here[i].tensor) <=
            1e-4 * scale_of(here, i));
    }
  }
}

TEST_CASE("a NaN on the device stops the run before the weights change and names the layer") {
  if (no_device()) return;
  const TemporaryFolder folder;
  const ToyDataset data(8, 8);
  Trainer trainer(small_config(), data, nullptr, {folder / "run", false, Device::cuda()});
  std::vector<Tensor> before;
  for (auto& [name, variable] : trainer.model().parameters()) {
    if (name == "decoder.layer2.0.weight") {
      const Tensor spoiled = to_cpu(variable.value()).clone();
      spoiled.data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
      variable.value().copy_from(spoiled);
    }
    before.push_back(to_cpu(variable.value()).clone());
  }
  CHECK_THROWS_WITH_AS(trainer.run(),
                       doctest::Contains("forward of decoder.layer2.0/conv_transpose3d"), Error);
  CHECK_FALSE(exists(folder / "run" / "checkpoints" / "last.h5"));
  std::size_t i = 0;
  for (auto& [name, variable] : trainer.model().parameters()) {
    const Tensor after = to_cpu(variable.value());
    CHECK_MESSAGE(std::memcmp(after.raw(), before[i++].raw(), after.bytes()) == 0, name);
  }
}

TEST_CASE("a recorded forward pass gives the bits of one that is not, for each of many inputs") {
  if (no_device()) return;
  const ModelConfig config = tiny_model();
  const auto model = make_tiny(config);
  model->to(Device::cuda());
  model->train(false);
  CapturedForward forward(*model);
  const NoGrad no_grad;
  for (int i = 0; i < 6; ++i) {  // three times of the one shape, three of another
    const Tensor images = random_images(config, i < 3 ? 2 : 4, std::uint64_t(i));
    const Tensor actual = to_cpu(forward(images, 2).volume().value());
    const Tensor expected = to_cpu(model->forward(to_gpu(images), 2).volume().value());
    CHECK(identical(actual, expected));
  }
}

TEST_CASE("a recorded forward pass tells apart inputs that lie in one tensor") {
  if (no_device()) return;
  const ModelConfig config = tiny_model();
  const auto model = make_tiny(config);
  model->to(Device::cuda());
  model->train(false);
  CapturedForward forward(*model);
  const NoGrad no_grad;
  const Tensor images = to_gpu(random_images(config, 4, 1));
  const Shape shape = random_images(config, 2, 1).shape();
  const std::int64_t half = images.shape()[0] / 2;
  for (const int which : {0, 0, 0, 1}) {
    const Tensor part = images.slice(which * half, (which + 1) * half);
    REQUIRE(part.shape() == shape);
    const Tensor actual = to_cpu(forward(part, 2).volume().value());
    CHECK(identical(actual, to_cpu(model->forward(part, 2).volume().value())));
  }
}

TEST_CASE("bench times pictures and batches on the device, and on their way there") {
  if (no_device()) return;
  const Config config = small_config();
  const BenchmarkOptions options{Device::cuda(), Precision::f32, 1, 3};
  const InferenceFigures inference = measure_inference(config, 2, 1, options);
  REQUIRE(inference.from_host);
  CHECK(inference.timing.seconds.size() == 3);
  CHECK(inference.from_host->seconds.size() == 3);
  CHECK(inference.memory.peak > 0);
  const TrainingFigures training = measure_training(config, 2, 1, options);
  REQUIRE(training.resident);
  CHECK(training.resident->seconds.size() == 3);
  CHECK(training.resident->least() > 0);
}
