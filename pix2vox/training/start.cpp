// How a training starts: weights that are drawn or loaded, and the optimizer of what learns.
#include <algorithm>

#include "layers/init.h"
#include "pix2vox/training/trainer.h"
#include "pix2vox/weights/weights.h"

namespace voxgrad {

void Trainer::start_fresh() {
  initialize(model_, config_.train.seed);
  if (config_.model.vgg_init != "random") {
    std::vector<std::string> notes;
    model_.load_trunk(load_any_tensors(config_.model.vgg_init, notes));
  }
  const std::string& file = config_.train.weights;
  check<ConfigError>(!config_.train.weights_partial || !file.empty(),
                     "train.weights_partial (--weights-partial) needs train.weights (--weights)");
  if (config_.train.weights_partial) {
    load_fitting(file);
  } else if (!file.empty()) {
    const LoadedWeights loaded = load_weights(file);
    for (const std::string& note : loaded.notes) notice(concat("note: ", file, ": ", note));
    const Checkpoint& start = loaded.checkpoint;
    check_same_network(start.config.model, config_.model, config_.train.weights);
    model_.load_state(start.model);
    threshold_ = start.threshold;
    category_thresholds_ = start.category_thresholds;
  }
  optimizer_ = make_optimizer();
  if (config_.train.ema > 0) average_.emplace(model_.state(), config_.train.ema);
}

void Trainer::load_fitting(const std::string& file) {
  const PartialWeights fitting = load_fitting_weights(file, config_.model);
  for (const std::string& note : fitting.notes) notice(concat("note: ", note));
  notice(concat(fitting.tensors.size(), " of ", fitting.wanted, " tensors are from ", file,
                ", the others are drawn anew"));
  std::vector<NamedTensor> state = model_.state();
  for (NamedTensor& own : state) {
    const auto same_name = [&](const NamedTensor& each) { return each.name == own.name; };
    const auto found = std::ranges::find_if(fitting.tensors, same_name);
    if (found != fitting.tensors.end()) own.tensor = found->tensor;
  }
  model_.load_state(state);
}

std::unique_ptr<Optimizer> Trainer::make_optimizer() const {
  const TrainConfig& train = config_.train;
  const std::vector<std::string> parts = model_.part_names();
  std::vector<ParameterEntry> parameters;
  for (const auto& [name, variable] : model_.parameters()) {
    if (!variable.requires_grad()) continue;
    const auto part = std::ranges::find(parts, name.substr(0, name.find('.')));
    // Biases and the factors of batch norms are vectors.
    const double decay = variable.shape().rank() > 1 ? train.weight_decay : 0;
    parameters.push_back({name, variable, std::size_t(part - parts.begin()), decay});
  }
  check<ConfigError>(!parameters.empty(), "train.freeze leaves nothing to train");
  std::vector<double> rates;
  rates.reserve(parts.size());
  for (const std::string& part : parts) rates.push_back(train.learning_rate.of(part));
  if (train.optimizer == "sgd")
    return make_sgd(std::move(parameters), std::move(rates), train.momentum);
  return make_adam(std::move(parameters), std::move(rates), {train.betas[0], train.betas[1]});
}

}  // namespace voxgrad
