#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "optim/optimizer.h"
#include "tensor/ops/backend.h"
#include "tests/pix2vox/tiny.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

Tensor tensor_of(const Module& module, const std::string& name) {
  for (const auto& [each, tensor] : module.state())
    if (each == name) return tensor;
  FAIL("no tensor ", name);
  return {};
}

double largest(const Tensor& tensor) {
  double result = 0;
  for (const double value : tensor.to_vector<double>()) result = std::max(result, std::abs(value));
  return result;
}

std::vector<std::string> expected_names(const std::string& variant) {
  const bool plus_plus = variant.starts_with("++"), bottlenecks = variant == "++A";
  std::vector<std::string> names;
  const auto add = [&](const std::string& layer, bool bias) {
    names.push_back(layer + ".weight");
    if (bias) names.push_back(layer + ".bias");
  };
  const auto add_norm = [&](const std::string& layer) {
    add(layer, true);
    for (const char* buffer : {".running_mean", ".running_var", ".num_batches_tracked"})
      names.push_back(layer + buffer);
  };
  const auto add_layers = [&](const std::string& part, int first, int last, bool bias) {
    for (int i = first; i <= last; ++i) {
      const std::string layer = part + ".layer" + std::to_string(i);
      add(layer + ".0", bias);
      add_norm(layer + ".1");
    }
  };
  const auto add_block = [&](const std::string& block, bool downsample) {
    for (int i = 1; i <= (bottlenecks ? 3 : 2); ++i) {
      add(block + ".conv" + std::to_string(i), false);
      add_norm(block + ".bn" + std::to_string(i));
    }
    if (!downsample) return;
    add(block + ".downsample.0", false);
    add_norm(block + ".downsample.1");
  };
  if (plus_plus) {
    add("encoder.resnet.0", false);
    add_norm("encoder.resnet.1");
    for (int i = 0; i < (bottlenecks ? 3 : 2); ++i)
      add_block("encoder.resnet.4." + std::to_string(i), bottlenecks && i == 0);
    for (int i = 0; i < (bottlenecks ? 4 : 2); ++i)
      add_block("encoder.resnet.5." + std::to_string(i), i == 0);
  } else {
    for (const int conv : {0, 3, 7, 10, 14, 17, 20, 24}) {
      add("encoder.vgg." + std::to_string(conv), true);
      add_norm("encoder.vgg." + std::to_string(conv + 1));
    }
  }
  add_layers("encoder", 1, 3, true);
  add_layers("decoder", 1, 4, false);
  add("decoder.layer5.0", false);
  add_layers("merger", 1, plus_plus ? 6 : 5, true);
  if (variant.ends_with('F')) return names;
  add_layers("refiner", 1, 3, true);
  add("refiner.layer4.0", true);
  add("refiner.layer5.0", true);
  add_layers("refiner", 6, 7, false);
  add("refiner.layer8.0", false);
  return names;
}

}  // namespace

TEST_CASE("tensors have the published names and order") {
  for (const std::string variant : {"A", "F", "++A", "++F"}) {
    CAPTURE(variant);
    const Pix2Vox model(default_model(variant));
    std::vector<std::string> names;
    for (const auto& [name, tensor] : model.state()) names.push_back(name);
    CHECK(names == expected_names(variant));
  }
}

TEST_CASE("volumes have the shapes that n_vox and the views ask for") {
  for (const std::int64_t n_vox : {8, 16}) {
    ModelConfig config = tiny_model();
    config.n_vox = n_vox;
    config.decoder_channels.resize(n_vox == 8 ? 2 : 3, 2);
    config.refiner_channels.resize(n_vox == 8 ? 1 : 2, 2);
    const auto model = make_tiny(config);
    model->train(false);
    const Prediction prediction = model->forward(random_images(config, 6, 1), 3);
    CHECK(prediction.coarse.shape() == Shape{3, 2, n_vox, n_vox, n_vox});
    CHECK(prediction.merged.shape() == Shape{2, n_vox, n_vox, n_vox});
    CHECK(prediction.refined.shape() == Shape{2, n_vox, n_vox, n_vox});
    CHECK(prediction.volume().state() == prediction.refined.state());
    CHECK(largest(prediction.refined.value()) <= 1);
  }
}

TEST_CASE("folding views into the batch equals running them one after the other") {
  const ModelConfig config = tiny_model();
  const auto together = make_tiny(config), in_turn = make_tiny(config);
  const Tensor images = random_images(config, 6, 2);
  const Prediction all = together->forward(images, 3);
  for (std::int64_t view = 0; view < 3; ++view) {
    const Prediction one = in_turn->forward(images.slice(2 * view, 2 * view + 2), 1);
    CHECK(max_relative_error(all.coarse.value().slice(view, view + 1), one.coarse.value()) < 1e-12);
  }
  for (const auto& [name, tensor] : in_turn->state())
    if (name.find("refiner") == std::string::npos)
      CHECK_MESSAGE(max_relative_error(tensor.to(DType::f64),
                                       tensor_of(*together, name).to(DType::f64)) < 1e-12,
                    name);
}

TEST_CASE("the merged volume is the softmax-weighted sum of the views") {
  ModelConfig config = tiny_model();
  const auto model = make_tiny(config);
  const Tensor images = random_images(config, 4, 3);
  const Prediction prediction = model->forward(images, 2);
  const auto coarse = prediction.coarse.value().to_vector<double>();
  const auto merged = prediction.merged.value().to_vector<double>();
  std::size_t weighed = 0;
  for (std::size_t i = 0; i < merged.size(); ++i) {
    const auto [low, high] = std::minmax(coarse[i], coarse[i + merged.size()]);
    CHECK(merged[i] >= low - 1e-12);
    CHECK(merged[i] <= high + 1e-12);
    if (std::abs(merged[i] - (low + high) / 2) > 1e-6) ++weighed;
  }
  CHECK(weighed > merged.size() / 2);

  SUBCASE("without merger it is their mean") {
    config.use_merger = false;
    const auto plain = make_tiny(config);
    plain->train(false);
    const Prediction mean = plain->forward(images, 2);
    const auto views = mean.coarse.value().to_vector<double>();
    const auto result = mean.merged.value().to_vector<double>();
    for (std::size_t i = 0; i < result.size(); ++i)
      CHECK(result[i] == doctest::Approx((views[i] + views[i + result.size()]) / 2));
  }
}

TEST_CASE("with one view the merger only follows the data: its gradient is exactly 0") {
  const ModelConfig config = tiny_model();
  const auto model = make_tiny(config);
  const Tensor before = tensor_of(*model, "merger.layer1.1.running_mean").clone();
  const Prediction prediction = model->forward(random_images(config, 2, 4), 1);
  CHECK(identical(prediction.merged.value(),
                  prediction.coarse.value().reshape(prediction.merged.shape())));
  CHECK_FALSE(identical(tensor_of(*model, "merger.layer1.1.running_mean"), before));
  Pix2Vox::losses(prediction, random_truth(config, 2, 5)).total.backward();
  for (const auto& [name, parameter] : model->part("merger").parameters()) {
    REQUIRE_MESSAGE(parameter.grad().defined(), name);
    CHECK(largest(parameter.grad()) == 0);
  }

  model->train(false);
  const Tensor trained = tensor_of(*model, "merger.layer1.1.running_mean").clone();
  model->forward(random_images(config, 2, 4), 1);
  CHECK(identical(tensor_of(*model, "merger.layer1.1.running_mean"), trained));
}

TEST_CASE("gradients of the whole model agree with differences of the loss") {
  const ModelConfig config = tiny_model();
  const auto model = make_tiny(config, 3);
  const Tensor images = random_images(config, 4, 6), truth = random_truth(config, 2, 7);
  // Away from 0, where ReLUs of fresh biases would stand exactly on their kink.
  Rng bias_rng(9);
  for (const auto& [name, parameter] : model->parameters())
    if (parameter.shape().rank() == 1)
      for (std::int64_t i = 0; i < parameter.value().numel(); ++i)
        parameter.value().data<double>()[i] += 0.3 * bias_rng.normal();
  const auto loss = [&] { return Pix2Vox::losses(model->forward(images, 2), truth).total; };
  loss().backward();
  for (const std::string& part : model->part_names()) {
    // The derivative along one random direction of all parameters of the part.
    const auto parameters = model->part(part).parameters();
    Rng rng(8);
    std::vector<Tensor> start, direction;
    double analytic = 0;
    for (const auto& [name, parameter] : parameters) {
      start.push_back(parameter.value().clone());
      direction.push_back(random_normal(rng, parameter.shape()));
      for (std::int64_t i = 0; i < parameter.value().numel(); ++i)
        analytic += parameter.grad().data<double>()[i] * direction.back().data<double>()[i];
    }
    const auto loss_at = [&](double step) {
      NoGrad no_history;
      for (std::size_t p = 0; p < parameters.size(); ++p)
        for (std::int64_t i = 0; i < start[p].numel(); ++i)
          parameters[p].variable.value().data<double>()[i] =
              start[p].data<double>()[i] + step * direction[p].data<double>()[i];
      return loss().value().item();
    };
    const double h = 1e-7;  // small: a step across a kink of ReLU or pooling would show
    const double numeric = (loss_at(h) - loss_at(-h)) / (2 * h);
    loss_at(0);
    CAPTURE(part);
    CHECK(std::abs(analytic) > 1e-4);
    CHECK(std::abs(numeric - analytic) <= 1e-6 * std::max(1.0, std::abs(analytic)));
  }
}

TEST_CASE("losses are ten times the cross-entropy of both volumes") {
  const ModelConfig config = tiny_model();
  const auto model = make_tiny(config);
  const Tensor truth = random_truth(config, 2, 5);
  const Prediction prediction = model->forward(random_images(config, 2, 4), 1);
  const Losses losses = Pix2Vox::losses(prediction, truth);
  const auto p = prediction.merged.value().to_vector<double>();
  const auto t = truth.to_vector<double>();
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum -= std::log(t[i] == 1 ? p[i] : 1 - p[i]);
  CHECK(losses.merged.value().item() == doctest::Approx(10 * sum / double(p.size())));
  CHECK(losses.total.value().item() ==
        doctest::Approx(losses.merged.value().item() + losses.refined.value().item()));
  CHECK_THROWS_WITH(Pix2Vox::losses(prediction, Tensor({2, 32, 32, 32}, DType::f64)),
                    doctest::Contains("model.n_vox"));
}

TEST_CASE("frozen parts get no gradient, but their batch norms follow the data") {
  ModelConfig config = tiny_model();
  config.freeze_vgg = true;
  const auto model = make_tiny(config);
  model->freeze({"decoder"});
  const Tensor before = tensor_of(*model, "encoder.vgg.4.running_var").clone();
  const Prediction prediction = model->forward(random_images(config, 4, 4), 2);
  Pix2Vox::losses(prediction, random_truth(config, 2, 5)).total.backward();
  for (const auto& [name, parameter] : model->parameters()) {
    const bool frozen = name.starts_with("encoder.vgg.") || name.starts_with("decoder.");
    CHECK_MESSAGE(parameter.grad().defined() == !frozen, name);
  }
  CHECK_FALSE(identical(tensor_of(*model, "encoder.vgg.4.running_var"), before));
  CHECK(tensor_of(*model, "encoder.vgg.4.num_batches_tracked").to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{2});
  CHECK(tensor_of(*model, "refiner.layer1.1.num_batches_tracked").to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{1});

  model->freeze({});
  for (const auto& [name, parameter] : model->parameters())
    CHECK_MESSAGE(parameter.requires_grad() == !name.starts_with("encoder.vgg."), name);
  CHECK_THROWS_WITH_AS(model->freeze({"head"}), doctest::Contains("encoder, decoder, merger"),
                       ConfigError);
}

TEST_CASE("a bias before a batch norm has no gradient in training, and a true one in evaluation") {
  const ModelConfig config = tiny_model();
  for (const bool training : {true, false}) {
    const auto model = make_tiny(config);
    model->train(training);
    const Prediction prediction = model->forward(random_images(config, 4, 4), 2);
    Pix2Vox::losses(prediction, random_truth(config, 2, 5)).total.backward();
    std::size_t checked = 0;
    for (const auto& [name, parameter] : model->parameters()) {
      // The refiner's linear layers end the same way, but have no batch norm after them.
      const bool linear = name.starts_with("refiner.") && !name.starts_with("refiner.layer1.");
      if (!name.ends_with(".0.bias") || name.starts_with("encoder.vgg.") || linear) continue;
      ++checked;
      REQUIRE_MESSAGE(parameter.grad().defined(), name);
      CHECK_MESSAGE((largest(parameter.grad()) == 0) == training, name);
    }
    CHECK(checked == 7);  // three of the encoder, three of the merger, one of the refiner
  }
}

TEST_CASE("steps after the first take no memory from the system") {
  // Large enough for maps beyond the allocator's small blocks.
  ModelConfig config = tiny_model();
  config.image_size = 96;
  config.freeze_vgg = true;
  config.trunk_channels = {8, 8, 8, 8};
  config.encoder_pool = 6;
  config.encoder_kernel_sizes = {1, 1, 1};
  const auto model = make_tiny(config);
  std::vector<ParameterEntry> trained;
  for (const auto& [name, parameter] : model->parameters())
    if (parameter.requires_grad()) trained.push_back({name, parameter, 0});
  const auto adam = make_adam(trained, {1e-3});
  const Tensor images = random_images(config, 8, 4), truth = random_truth(config, 4, 5);
  const MemoryOps& memory = backend(Device::cpu()).memory;
  std::uint64_t taken = 0;
  std::size_t in_use = 0, reserved = 0;
  for (int step = 0; step < 4; ++step) {
    adam->zero_grad();
    Pix2Vox::losses(model->forward(images, 2), truth).total.backward();
    adam->step();
    const MemoryStatistics now = memory.statistics(0);
    if (step == 0) {
      taken = now.system_allocations;
      in_use = now.in_use;
      reserved = now.reserved;
    }
    CHECK(now.system_allocations == taken);
    CHECK(now.reserved == reserved);
    CHECK(now.in_use == in_use);
  }
}

TEST_CASE("trunk weights are found under three spellings, and strictly") {
  const auto source = make_tiny(tiny_model(), 1);
  for (const std::string prefix : {"encoder.vgg.", "vgg.", "features."}) {
    const auto target = make_tiny(tiny_model(), 2);
    std::vector<NamedTensor> tensors{{"classifier.0.weight", Tensor::zeros({3, 3})}};
    for (const auto& [name, tensor] : source->state())
      if (name.starts_with("encoder.vgg.")) tensors.push_back({prefix + name.substr(12), tensor});
    target->load_trunk(tensors);
    CHECK(identical(tensor_of(*target, "encoder.vgg.24.weight"),
                    tensor_of(*source, "encoder.vgg.24.weight")));
    CHECK_FALSE(identical(tensor_of(*target, "encoder.layer1.0.weight"),
                          tensor_of(*source, "encoder.layer1.0.weight")));
    tensors.pop_back();
    CHECK_THROWS_WITH(target->load_trunk(tensors), doctest::Contains("missing"));
  }
}

namespace {

struct Step {
  std::vector<double> volume, gradient;  // all parameters' gradients in a row
};

Step run_step(Precision precision, bool training) {
  const ModelConfig config = tiny_model();
  const auto model = make_tiny(config);
  model->to(DType::f32);
  model->set_precision(precision);
  model->train(training);
  const Prediction prediction = model->forward(random_images(config, 4, 4).to(DType::f32), 2);
  for (const Variable* volume : {&prediction.coarse, &prediction.merged, &prediction.refined})
    CHECK(volume->dtype() == DType::f32);
  Pix2Vox::losses(prediction, random_truth(config, 2, 5).to(DType::f32)).total.backward();
  Step step;
  step.volume = prediction.volume().value().to(DType::f64).to_vector<double>();
  for (const auto& [name, parameter] : model->parameters()) {
    CHECK_MESSAGE(parameter.grad().dtype() == DType::f32, name);
    const auto values = parameter.grad().to(DType::f64).to_vector<double>();
    step.gradient.insert(step.gradient.end(), values.begin(), values.end());
  }
  return step;
}

}  // namespace

TEST_CASE("bf16 follows f32 forward and backward") {
  for (const bool training : {false, true}) {
    const Step exact = run_step(Precision::f32, training);
    const Step rounded = run_step(Precision::bf16, training);
    double worst = 0, product = 0, norm = 0, exact_norm = 0;
    for (std::size_t i = 0; i < exact.volume.size(); ++i)
      worst = std::max(worst, std::abs(exact.volume[i] - rounded.volume[i]));
    for (std::size_t i = 0; i < exact.gradient.size(); ++i) {
      product += exact.gradient[i] * rounded.gradient[i];
      norm += rounded.gradient[i] * rounded.gradient[i];
      exact_norm += exact.gradient[i] * exact.gradient[i];
    }
    CHECK(worst > 0);  // it was bf16
    // Rounded to 8 bits after each layer. Training divides by the deviations of a few rounded
    // values, which moves some across the activations' kinks.
    CHECK(worst < (training ? 0.02 : 0.001));
    CHECK(product / std::sqrt(norm * exact_norm) > (training ? 0.95 : 0.998));
  }
}

TEST_CASE("tf32 is for CUDA") {
  const auto model = make_tiny();
  CHECK_THROWS_WITH_AS(model->set_precision(Precision::tf32), doctest::Contains("CUDA"),
                       ConfigError);
  CHECK(precision_from("bf16") == Precision::bf16);
  CHECK_THROWS_WITH_AS(precision_from("fp16"), doctest::Contains("f32, tf32 or bf16"), ConfigError);
}

TEST_CASE("errors say where") {
  const ModelConfig config = tiny_model();
  const auto model = make_tiny(config);
  CHECK_THROWS_WITH(model->forward(random_images(config, 3, 1), 2),
                    doctest::Contains("[2*B,24,24,3], got [3,24,24,3]"));
  CHECK_THROWS_WITH(model->forward(Tensor::zeros({2, 32, 32, 3}, DType::f64), 2),
                    doctest::Contains("got [2,32,32,3]"));
  const auto poison = [&](const std::string& name) {
    tensor_of(*model, name).data<double>()[0] = std::numeric_limits<double>::quiet_NaN();
  };
  FiniteCheck finite;
  poison("refiner.layer2.0.bias");
  CHECK_THROWS_WITH(model->forward(random_images(config, 2, 1), 1),
                    doctest::Contains("refiner.layer2.0/"));
  poison("decoder.layer2.0.weight");
  CHECK_THROWS_WITH(model->forward(random_images(config, 2, 1), 1),
                    doctest::Contains("decoder.layer2.0/"));
}
