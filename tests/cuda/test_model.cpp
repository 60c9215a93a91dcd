// Layers and a whole network on the device.
#include <algorithm>
#include <cmath>

#include "layers/gradcheck_cases.h"
#include "optim/optimizer.h"
#include "tests/cuda/device_cases.h"
#include "tests/pix2vox/tiny.h"
#include "tests/support/golden_model.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

struct Trajectory {
  std::vector<double> losses;
  std::vector<std::pair<std::string, Tensor>> state;  // on the CPU
};

/// Adam steps of the tiny network on two views of two objects.
Trajectory train(Device device, DType dtype, int steps) {
  const ModelConfig config = tiny_model();
  const auto model = make_tiny(config);
  model->to(dtype);
  model->to(device);
  model->train(true);
  std::vector<ParameterEntry> parameters;
  for (const auto& [name, variable] : model->parameters())
    parameters.push_back({name, variable, 0});
  const auto optimizer = make_adam(parameters, {1e-3});
  const Tensor images = random_images(config, 4, 1).to(dtype).to(device);
  const Tensor truth = random_truth(config, 2, 2).to(dtype).to(device);
  Trajectory result;
  for (int step = 0; step < steps; ++step) {
    optimizer->zero_grad();
    const Losses losses = Pix2Vox::losses(model->forward(images, 2), truth);
    losses.total.backward();
    optimizer->step();
    result.losses.push_back(losses.total.value().item());
  }
  for (const auto& [name, tensor] : model->state()) result.state.emplace_back(name, to_cpu(tensor));
  return result;
}

}  // namespace

TEST_CASE("every layer passes the gradient check on the device [slow]") {
  if (no_device()) return;
  for (const std::string& layer : gradcheck_layers()) {
    for (std::uint64_t index = 0; index < 4; ++index) {
      const GradcheckCase each = make_gradcheck_case(layer, 2027, index, Device::cuda());
      CAPTURE(layer);
      CAPTURE(each.description);
      CHECK(each.inputs.front().device().is_cuda());
      const GradcheckResult result = gradcheck_subsets(each.function, each.inputs);
      CHECK_MESSAGE(result.passed, result.message);
    }
  }
}

TEST_CASE("a folded network moves between devices and dtypes") {
  if (no_device()) return;
  const ModelConfig config = tiny_model();
  const auto model = make_tiny(config);
  model->fold_for_inference();
  const NoGrad no_grad;
  const Tensor images = random_images(config, 4, 1);
  const auto volume = [&](Device device, DType dtype) {
    model->to(dtype);
    model->to(device);
    const Tensor input = images.to(dtype).to(device);
    return to_cpu(model->forward(input, 2).volume().value()).to(DType::f64);
  };
  const Tensor expected = volume(Device::cpu(), DType::f32);
  CHECK(max_relative_error(volume(Device::cuda(), DType::f32), expected) <= 1e-5);
  CHECK(max_relative_error(volume(Device::cuda(), DType::f64), expected) <= 1e-5);
  CHECK(max_relative_error(volume(Device::cpu(), DType::f32), expected) <= 1e-5);
}

TEST_CASE("a tiny network trains on the device as on the CPU") {
  if (no_device()) return;
  const Trajectory expected = train(Device::cpu(), DType::f64, 4);
  const Trajectory actual = train(Device::cuda(), DType::f64, 4);
  for (std::size_t i = 0; i < expected.losses.size(); ++i)
    CHECK(actual.losses[i] == doctest::Approx(expected.losses[i]).epsilon(1e-9));
  CHECK(expected.losses.back() < expected.losses.front());
  const Trajectory single = train(Device::cuda(), DType::f32, 4);
  for (std::size_t i = 0; i < expected.losses.size(); ++i)
    CHECK(single.losses[i] == doctest::Approx(expected.losses[i]).epsilon(1e-3));
}

TEST_CASE("a narrow network agrees with PyTorch on the device [slow]") {
  if (no_device()) return;
  const golden::ModelRun run = golden::small_run(DType::f64, Device::cuda());
  for (const std::int64_t views : {1, 3}) {
    golden::check_evaluation(run, views);
    golden::check_features(run, views);
    golden::check_training_step(run, views);
  }
}

// Left out by the emulated CUDA for its time (tests/cuda/emulation/CMakeLists.txt).
TEST_CASE("a narrow network takes ten of PyTorch's steps on the device [gpu]") {
  if (no_device()) return;
  const golden::ModelRun run = golden::small_run(DType::f64, Device::cuda());
  for (const std::int64_t views : {1, 3}) golden::check_ten_steps(run, views);
}

TEST_CASE("two runs on the device give the same bits") {
  if (no_device()) return;
  for (const DType dtype : kFloats) {
    const Trajectory first = train(Device::cuda(), dtype, 2),
                     second = train(Device::cuda(), dtype, 2);
    CHECK(first.losses == second.losses);
    REQUIRE(first.state.size() == second.state.size());
    for (std::size_t i = 0; i < first.state.size(); ++i)
      CHECK_MESSAGE(identical(first.state[i].second, second.state[i].second), first.state[i].first);
  }
}

TEST_CASE("a step after the first takes nothing from the system") {
  if (no_device()) return;
  const ExactMemory cached_memory(false);
  train(Device::cuda(), DType::f32, 1);
  const std::uint64_t before = gpu().memory.statistics(0).system_allocations;
  train(Device::cuda(), DType::f32, 2);
  CHECK(gpu().memory.statistics(0).system_allocations == before);
}
