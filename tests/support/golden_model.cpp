#include "tests/support/golden_model.h"

#include <doctest/doctest.h>

#include <cmath>
#include <optional>

#include "layers/norm.h"
#include "optim/optimizer.h"
#include "tests/support/golden.h"

namespace voxgrad::golden {
namespace {

using nlohmann::json;

constexpr std::uint32_t pictures_number = 1000, truth_number = 1001;
constexpr double rounding = 1e-12;  // norms of f64 gradients below this are noise; real ones > 1e-6

ModelRun make_run(const ModelConfig& config, const json& numbers, DType dtype, Device device) {
  ModelRun run{config, numbers, dtype, device};
  if (dtype == DType::f32) {
    run.tolerance = 1e-4;
    run.gradient_tolerance = 1e-4;
    run.noise = 1e-6;
  }
  return run;
}

std::string count(std::int64_t views) {
  return concat(views, views == 1 ? " view" : " views");
}

Tensor moved(const ModelRun& run, const Tensor& tensor) {
  return tensor.to(run.dtype).to(run.device);
}

Figures figures_of(const Tensor& tensor) {
  return figures(to_pytorch_order(tensor));
}
/// Of a tensor without channels.
Figures volume_figures(const Tensor& tensor) {
  return figures(values(tensor));
}

std::optional<double> item_of(const Variable& loss) {
  return loss.defined() ? std::optional(loss.value().item()) : std::nullopt;
}

void check_loss(const ModelRun& run, std::optional<double> loss, const json& expected) {
  REQUIRE(loss.has_value() != expected.is_null());
  if (loss) CHECK(difference(*loss, expected.get<double>()) <= run.tolerance);
}

/// |a - b|; NaN in either stays NaN.
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(squares);
}

/// Gradients that are truly 0 (biases before a batch norm, the merger with one view) hold rounding
/// noise or nothing: only their size is checked.
void check_gradient(const ModelRun& run, const Tensor& gradient, const Figures& expected) {
  if (expected.l2 < rounding) {
    CHECK((!gradient.defined() || figures_of(gradient).l2 <= run.noise));
    return;
  }
  REQUIRE(gradient.defined());
  CHECK(difference(figures_of(gradient), expected) <= run.gradient_tolerance);
}

void check_buffers(const ModelRun& run, const Pix2Vox& model, const json& expected) {
  const auto buffers = model.buffers();
  CHECK(buffers.size() == expected.size());
  for (const auto& [key, tensor] : buffers) {
    const std::string& name = key;
    CAPTURE(name);
    const json& stored = expected.at(name);
    if (stored.is_number())
      CHECK(values(tensor) == std::vector<double>{stored.get<double>()});
    else
      CHECK(difference(figures_of(tensor), figures(stored)) <= run.tolerance);
  }
}

const json& step_numbers(const ModelRun& run, std::int64_t views) {
  return run.numbers.at(concat("training step, batch 2, ", views, " views"));
}

struct TrainedOnce {
  std::unique_ptr<Pix2Vox> model;  // with gradients
  std::optional<double> merged_loss, refined_loss;
};

TrainedOnce train_once(const ModelRun& run, std::int64_t views) {
  auto model = make_model(run);
  const Prediction prediction = model->forward(make_pictures(run, 2, views), views);
  const Losses losses = Pix2Vox::losses(prediction, make_truth(run, 2));
  losses.total.backward();
  return {std::move(model), item_of(losses.merged), item_of(losses.refined)};
}

void check_losses_and_buffers(const ModelRun& run, const TrainedOnce& trained, std::int64_t views) {
  const json& expected = step_numbers(run, views);
  check_loss(run, trained.merged_loss, expected.at("merged loss"));
  check_loss(run, trained.refined_loss, expected.at("refined loss"));
  check_buffers(run, *trained.model, expected.at("buffers after"));
}

/// SMALL of tools/golden/networks.py.
ModelConfig small_config() {
  ModelConfig config = default_model("A");
  config.image_size = 96;
  config.trunk_channels = {4, 5, 6, 7};
  config.encoder_channels = {6, 5, 4};
  config.encoder_kernel_sizes = {3, 3, 1};
  config.encoder_pool = 2;
  config.decoder_channels = {6, 5, 4, 3};
  config.merger_channels = {5, 4, 3, 2};
  config.refiner_channels = {3, 4, 5};
  config.refiner_hidden = 7;
  return config;
}

/// PPSMALLA and PPSMALLF there.
ModelConfig small_plus_plus_config(const std::string& variant) {
  ModelConfig config = default_model(variant);
  config.image_size = 72;
  config.trunk_channels =
      variant == "++A" ? std::vector<std::int64_t>{5, 3, 4} : std::vector<std::int64_t>{5, 6, 7};
  config.encoder_channels = {6, 5, 8};
  config.decoder_channels = {6, 5, 4, 3};
  config.merger_channels = {4, 3, 5, 2, 3};
  config.refiner_channels = {3, 4, 5};
  config.refiner_hidden = 7;
  return config;
}

}  // namespace

ModelRun reference_run(const std::string& variant, DType dtype, Device device) {
  return make_run(default_model(variant), load_json("reference/numbers.json").at(variant), dtype,
                  device);
}

ModelRun small_run(DType dtype, Device device) {
  return make_run(small_config(), load_json("small.json").at("SMALL"), dtype, device);
}

ModelRun small_plus_plus_run(const std::string& variant, DType dtype, Device device) {
  const bool a = variant == "++A";
  const json numbers = load_json(a ? "ppsmall_a.json" : "ppsmall_f.json");
  return make_run(small_plus_plus_config(variant), numbers.at(a ? "PPSMALLA" : "PPSMALLF"), dtype,
                  device);
}

ModelConfig tiny_config() {
  ModelConfig config = small_config();
  config.n_vox = 8;
  config.decoder_channels = {4, 3};
  config.refiner_channels = {3};
  return config;
}

std::unique_ptr<Pix2Vox> make_model(const ModelRun& run) {
  auto model = std::make_unique<Pix2Vox>(run.config);
  model->to(run.dtype);
  fill_state(*model);
  if (run.folded) model->fold_for_inference();
  model->to(run.device);
  if (run.precision != Precision::f32) model->set_precision(run.precision);
  return model;
}

Tensor make_pictures(const ModelRun& run, std::int64_t batch, std::int64_t views) {
  const std::int64_t edge = run.config.image_size, plane = edge * edge;
  const Tensor pictures({views * batch, edge, edge, 3}, DType::f64);
  double* next = pictures.data<double>();
  for (std::int64_t v = 0; v < views; ++v)
    for (std::int64_t b = 0; b < batch; ++b)
      for (std::int64_t pixel = 0; pixel < plane; ++pixel)
        for (std::int64_t c = 0; c < 3; ++c)  // PyTorch's order is [B,V,3,S,S]
          *next++ =
              2 * u(pictures_number, std::uint32_t(((b * views + v) * 3 + c) * plane + pixel)) - 1;
  return moved(run, pictures);
}

Tensor make_truth(const ModelRun& run, std::int64_t batch) {
  const std::int64_t n = run.config.n_vox;
  const Tensor truth({batch, n, n, n}, DType::f64);
  for (std::int64_t i = 0; i < truth.numel(); ++i)
    truth.data<double>()[i] = u(truth_number, std::uint32_t(i)) < 0.1 ? 1 : 0;
  return moved(run, truth);
}

void check_weights(const ModelRun& run) {
  const auto model = make_model(run);
  const json& expected = run.numbers.at("weights [index, first, last value]");
  std::size_t t = 0;
  for (const auto& [key, tensor] : model->state()) {
    const std::string& name = key;
    if (name.ends_with("num_batches_tracked")) continue;
    CAPTURE(name);
    REQUIRE(expected.contains(name));
    CHECK(expected.at(name)[0] == t++);
    const std::vector<double> weights = to_pytorch_order(tensor);
    CHECK(difference(weights.front(), expected.at(name)[1]) <= run.tolerance);
    CHECK(difference(weights.back(), expected.at(name)[2]) <= run.tolerance);
  }
  CHECK(t == expected.size());
}

Tensor check_evaluation(const ModelRun& run, std::int64_t views) {
  CAPTURE(views);
  const NoGrad no_grad;
  const auto model = make_model(run);
  model->train(false);
  const json& expected = run.numbers.at(concat("eval, batch 1, ", views, " views"));
  const Prediction prediction = model->forward(make_pictures(run, 1, views), views);
  const auto check_volume = [&](const char* stage, const Variable& volume) {
    CAPTURE(stage);
    CHECK(difference(volume_figures(volume.value()), figures(expected.at(stage))) <= run.tolerance);
  };
  check_volume("coarse", prediction.coarse);
  check_volume("merged", prediction.merged);
  CHECK(prediction.refined.defined() == expected.contains("refined"));
  if (prediction.refined.defined()) check_volume("refined", prediction.refined);
  const std::int64_t n = run.config.n_vox;
  return prediction.volume().value().to(Device::cpu()).to(DType::f64).reshape({n, n, n});
}

void check_features(const ModelRun& run, std::int64_t views) {
  CAPTURE(views);
  const NoGrad no_grad;
  const auto model = make_model(run);
  model->train(false);
  const json& expected = run.numbers.at(concat("eval, batch 1, ", views, " views"));
  const ForwardContext context{.n_views = views};
  const Variable features = dynamic_cast<Encoder&>(model->part("encoder"))(
      Variable(make_pictures(run, 1, views)), context);
  CHECK(difference(figures_of(features.value()), figures(expected.at("encoder"))) <= run.tolerance);
  const Variable raw =
      dynamic_cast<Decoder&>(model->part("decoder")).forward(features, context).raw_features();
  CHECK(difference(figures_of(raw.value()), figures(expected.at("raw features"))) <= run.tolerance);
}

void check_training_step(const ModelRun& run, std::int64_t views) {
  CAPTURE(views);
  const TrainedOnce trained = train_once(run, views);
  check_losses_and_buffers(run, trained, views);
  const json& expected = step_numbers(run, views).at("gradients");
  std::size_t gradients = 0;
  for (const auto& [key, parameter] : trained.model->parameters()) {
    const std::string& name = key;
    if (!parameter.requires_grad()) continue;
    CAPTURE(name);
    ++gradients;
    check_gradient(run, parameter.grad(), figures(expected.at(name)));
  }
  CHECK(gradients == expected.size());
}

void check_losses_and_buffers(const ModelRun& run, std::int64_t views) {
  CAPTURE(views);
  check_losses_and_buffers(run, train_once(run, views), views);
}

void check_rounded_gradients(std::int64_t views, Device device) {
  CAPTURE(views);
  const ModelRun rounded = make_run(tiny_config(), {}, DType::f32, device);
  const ModelRun exact = make_run(tiny_config(), {}, DType::f64, Device::cpu());
  const auto model = train_once(rounded, views).model, exact_model = train_once(exact, views).model;
  const auto parameters = model->parameters(), exact_parameters = exact_model->parameters();
  REQUIRE(parameters.size() == exact_parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    CAPTURE(parameters[i].name);
    const Tensor& gradient = parameters[i].variable.grad();
    const Tensor& expected = exact_parameters[i].variable.grad();
    REQUIRE(gradient.defined() == expected.defined());
    if (!expected.defined()) continue;
    const double norm = figures_of(expected).l2;
    const double allowed = norm < rounding ? rounded.noise : rounded.gradient_tolerance * norm;
    CHECK(distance(values(gradient), values(expected)) <= allowed);
  }
}

void check_ten_steps(const ModelRun& run, std::int64_t views) {
  CAPTURE(views);
  const auto model = make_model(run);
  const json& expected = run.numbers.at(concat("ten Adam steps on one batch of 2, ", count(views),
                                               ": [merged, refined] loss before each step"));
  const Tensor pictures = make_pictures(run, 2, views), truth = make_truth(run, 2);
  std::vector<ParameterEntry> trained;
  for (const auto& [name, parameter] : model->parameters())
    if (parameter.requires_grad())
      trained.push_back({name, parameter, std::size_t(name.starts_with("merger.") ? 1 : 0)});
  const auto adam = make_adam(trained, {1e-3, 1e-4});
  REQUIRE(expected.size() == 10);
  for (const json& pair : expected) {
    adam->zero_grad();
    const Losses losses = Pix2Vox::losses(model->forward(pictures, views), truth);
    check_loss(run, item_of(losses.merged), pair[0]);
    check_loss(run, item_of(losses.refined), pair[1]);
    losses.total.backward();
    adam->step();
  }
}

}  // namespace voxgrad::golden
