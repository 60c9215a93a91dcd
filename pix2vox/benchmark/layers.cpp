#include <algorithm>
#include <map>

#include "autograd/profile.h"
#include "layers/init.h"
#include "optim/optimizer.h"
#include "pix2vox/benchmark/benchmark.h"
#include "pix2vox/benchmark/data.h"

namespace voxgrad {
namespace {

enum Pass { inference, forward, backward, kPasses };

// The times of each name, a repeat after the other.
using Samples = std::map<std::string, std::vector<double>[kPasses]>;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : Timing{std::move(values)}.median();
}

// What is no layer of the summary counts for the part of the model that it is in.
std::string owner(const std::string& name, const std::map<std::string, std::size_t>& rows) {
  return rows.contains(name) ? name : name.substr(0, name.find('.'));
}

}  // namespace

std::vector<LayerFigures> measure_layers(const Config& config, std::int64_t batch,
                                         std::int64_t views, const BenchmarkOptions& options) {
  Pix2Vox model(config.model);
  initialize(model, 0);
  model.to(options.device);
  model.set_precision(options.precision);
  Pix2Vox predicting(config.model);  // the folded one: a batch norm takes no time of its own
  initialize(predicting, 0);
  predicting.fold_for_inference();
  predicting.to(options.device);
  predicting.set_precision(options.precision);
  const Tensor pictures = benchmark_pictures(config.model, batch, views, options.device);
  const Tensor truth = benchmark_truth(config.model, batch, options.device);
  std::vector<ParameterEntry> trained;
  for (const auto& [name, parameter] : model.parameters())
    if (parameter.requires_grad()) trained.push_back({name, parameter, 0});
  const auto optimizer = make_adam(std::move(trained), {1e-3});

  std::vector<LayerFigures> figures;
  std::map<std::string, std::size_t> rows;
  const ModelSummary summary = summarize(model);
  const std::vector<SampleWork> works = layer_works(model, summary.layers, views);
  const auto row = [&](const LayerSummary& layer) {
    const auto [place, is_new] = rows.emplace(layer.name, figures.size());
    if (is_new) figures.push_back({.layer = layer});
    return place->second;
  };
  for (std::size_t i = 0; i < works.size(); ++i) {
    LayerFigures& each = figures[row(summary.layers[i])];
    // Encoder, decoder and merger see each view as a sample of its own.
    const bool views_apart = !summary.layers[i].name.starts_with("refiner");
    each.algorithms = algorithms_of(summary.layers[i], views_apart ? batch * views : batch,
                                    options.precision, options.device);
    each.inference_operations = double(batch) * works[i].inference;
    each.forward_operations = double(batch) * works[i].forward;
    each.backward_operations = double(batch) * works[i].backward;
  }

  Samples samples;
  const auto record = [&](const Profile& profile, bool evaluating) {
    std::map<std::string, double> sums[2];
    for (const Profile::Entry& entry : profile.entries()) {
      const std::string name = owner(entry.name, rows);
      sums[0][name] += entry.forward;
      sums[1][name] += entry.backward;
    }
    for (const auto& [name, seconds] : sums[0])
      samples[name][evaluating ? inference : forward].push_back(seconds);
    if (!evaluating)
      for (const auto& [name, seconds] : sums[1]) samples[name][backward].push_back(seconds);
  };
  for (int i = 0; i < options.warm_up + options.repeats; ++i) {
    const bool counts = i >= options.warm_up;
    {
      const NoGrad no_grad;
      Profile profile(options.device);
      predicting.forward(pictures, views);
      profile.stop();
      if (counts) record(profile, true);
    }
    Profile profile(options.device);
    Pix2Vox::losses(model.forward(pictures, views), truth).total.backward();
    {
      NameScope scope("optimizer");
      optimizer->step();
      optimizer->zero_grad();
    }
    profile.stop();
    if (counts) record(profile, false);
  }
  for (auto& [name, passes] : samples) {
    LayerFigures& each = figures[row({.name = name})];
    each.inference = median(passes[inference]);
    each.forward = median(passes[forward]);
    each.backward = median(passes[backward]);
  }
  return figures;
}

}  // namespace voxgrad
