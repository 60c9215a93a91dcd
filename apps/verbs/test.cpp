// pix2vox test
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/command_line/json_flag.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/verbs.h"
#include "io/plural.h"
#include "pix2vox/checkpoint/checkpoint.h"
#include "pix2vox/data/open_dataset.h"
#include "pix2vox/training/evaluator.h"
#include "pix2vox/training/iou_json.h"
#include "pix2vox/weights/weights.h"

namespace voxgrad::apps {
namespace {

struct TestFlags {
  ConfigFlags config;
  DeviceFlags device;
  std::string weights;
  JsonFlag json;
  bool baselines = true;
};

// One line per category: objects, the model at each threshold, then the baselines at their best
// one.
std::string to_text(const Evaluation& evaluation, const Baselines* baselines, double threshold) {
  const std::vector<double>& thresholds = evaluation.iou.thresholds();
  std::string text = fmt::format("{:<24}{:>8}", "category", "objects");
  for (const double t : thresholds) text += fmt::format("{:>9}", fmt::format("t={}", t));
  if (baselines)
    text += fmt::format("{:>12}{:>12}{:>12}", "mean shape", "mean of cat", "best train");
  text += '\n';

  const auto rows = [](const IouTable& table) {
    std::vector<IouTable::Row> all = table.categories();
    all.push_back(table.overall());
    all.push_back(table.mean_over_categories());
    return all;
  };
  const std::vector<IouTable::Row> model = rows(evaluation.iou);
  for (std::size_t i = 0; i < model.size(); ++i) {
    text += fmt::format("{:<24}{:>8}", model[i].name, model[i].objects);
    for (const double value : model[i].mean) text += fmt::format("{:>9.4f}", value);
    if (baselines) {
      const auto at_best = [i, &rows](const IouTable& table) {
        const auto& t = table.thresholds();
        const auto place = std::find(t.begin(), t.end(), table.best().first) - t.begin();
        return rows(table)[i].mean[std::size_t(place)];
      };
      for (const IouTable* table : {&baselines->mean_shape, &baselines->category_mean_shape,
                                    &baselines->best_training_shape})
        text += fmt::format("{:>12.4f}", at_best(*table));
    }
    text += '\n';
  }
  text += fmt::format(
      "\nIoU: voxels in both / voxels in either, mean over objects; t: probability from which a "
      "voxel\ncounts as occupied. The checkpoint's own threshold, best on its validation split, is "
      "{}.\n",
      threshold);
  if (baselines)
    text += fmt::format(
        "mean shape: the mean of all training volumes, at t={}; mean of cat: of the true "
        "category's, at t={} (it is "
        "told the category);\nbest train: the training shape nearest to the truth (it is told the "
        "answer: the "
        "ceiling of memorising).\n",
        baselines->mean_shape.best().first, baselines->category_mean_shape.best().first);
  return text;
}

/// What baselines are made of, or why there are none.
struct BaselineSource {
  std::unique_ptr<Dataset> training;
  std::string missing;
};

/// Before the work: baselines that cannot be made must not cost the results of the model.
BaselineSource open_baselines(const Config& config, const Dataset& tested) {
  if (!has_split(config.data, "train")) return {nullptr, "the data set has no training objects"};
  try {
    auto training = open_dataset(config.data, "train");
    const int ours = tested.volume(0).n, theirs = training->volume(0).n;
    if (ours != theirs)
      return {nullptr, concat("volumes have ", ours, "^3 voxels, those of the training split ",
                              theirs, "^3")};
    return {std::move(training), ""};
  } catch (const DataError& error) {
    return {nullptr, error.what()};
  }
}

std::optional<Baselines> run_baselines(BaselineSource& source, const Dataset& tested,
                                       const Config& config, ProgressLine& line) {
  if (!source.training) return {};
  try {
    return measure_baselines(*source.training, tested, config.test.thresholds,
                             [&](std::int64_t done, std::int64_t total) {
                               stop_if_asked();
                               line.count("baselines", done, total);
                             });
  } catch (const DataError& error) {
    source.missing = error.what();
  } catch (const Interrupted&) {
    source.missing = "stopped";
  }
  line.print(concat("warning: no baselines: ", source.missing));
  return {};
}

nlohmann::json to_json(const TestFlags& flags, const Config& config, const Checkpoint& checkpoint,
                       const Evaluation& evaluation, const std::optional<Baselines>& baselines) {
  nlohmann::json json{{"weights", flags.weights},
                      {"split", config.test.split},
                      {"views", config.test.n_views},
                      {"threshold", checkpoint.threshold},
                      {"seconds", evaluation.seconds},
                      {"loss_merged", evaluation.loss_merged},
                      {"loss_refined", evaluation.loss_refined},
                      {"model", iou_json(evaluation.iou)}};
  if (baselines) json["baselines"] = baselines_json(*baselines);
  return json;
}

int test(const TestFlags& flags) {
  const std::atomic<bool>& stop =
      watch_signals("stopping: the objects that are done are reported\n");
  flags.json.check_writable();
  const Device device = flags.device.apply();
  const Config config = flags.config.load();
  const LoadedWeights loaded = load_weights(flags.weights);
  for (const std::string& note : loaded.notes)
    std::cerr << "note: " << flags.weights << ": " << note << '\n';
  const Checkpoint& checkpoint = loaded.checkpoint;
  check_same_network(checkpoint.config.model, config.model, flags.weights);
  const auto dataset = open_dataset(config.data, config.test.split);
  check_testing_fits(config, *dataset);
  ProgressLine line;
  BaselineSource source;
  if (flags.baselines) {
    source = open_baselines(config, *dataset);
    if (!source.training) line.print(concat("warning: no baselines: ", source.missing));
  }
  Pix2Vox model(config.model);
  model.load_state(checkpoint.model);
  model.fold_for_inference();
  model.to(device);
  model.set_precision(precision_from(config.test.precision));

  std::int64_t tested = 0;
  EvaluationHooks hooks;
  hooks.progress = [&](std::int64_t done, std::int64_t total) {
    tested = done;
    line.count("testing", done, total);
  };
  hooks.stop = [&] { return stop.load(); };
  const Evaluation evaluation =
      evaluate(model, *dataset, testing_loader(config), config.test.thresholds, hooks);
  const bool complete = tested == dataset->size();
  std::optional<Baselines> baselines;
  if (complete) baselines = run_baselines(source, *dataset, config, line);
  line.finish();
  if (flags.json.prints_text())
    std::cout << to_text(evaluation, baselines ? &*baselines : nullptr, checkpoint.threshold);
  nlohmann::json json = to_json(flags, config, checkpoint, evaluation, baselines);
  if (!source.missing.empty()) json["no_baselines"] = source.missing;
  json["objects"] = tested;
  json["complete"] = complete;
  flags.json.write(json.dump(2));
  if (!stop) return kOk;
  if (!complete)
    line.print(concat("stopped after ", tested, " of ", counted(dataset->size(), "object"),
                      ": the figures are of those alone"));
  return signal_exit_code();
}

}  // namespace

void add_test(Verb& app, Action& action) {
  auto flags = std::make_shared<TestFlags>();
  Verb* verb = app.add_subcommand("test", "Measure IoU on a split, beside baselines");
  flags->config.add(*verb);
  verb->add_option("--weights", flags->weights, "Checkpoint to test")
      ->required()
      ->type_name("FILE");
  flags->config.add_key(*verb, "--data", "data.root", "Folder of the data set", "DIR");
  flags->config.add_key(*verb, "--split", "test.split", "Split to test", "train|val|test");
  flags->config.add_key(*verb, "--precision", "test.precision", "f32, bf16, or tf32 on CUDA",
                        "f32|bf16|tf32");
  flags->config.add_key(*verb, "--views", "test.n_views", "Views per object, the first ones");
  flags->json.add(*verb);
  verb->add_flag_callback(
      "--no-baselines", [flags] { flags->baselines = false; },
      "Leave out the baselines of the training split");
  flags->device.add(*verb);
  verb->footer(
      "Example:\n"
      "  pix2vox test --cfg configs/Pix2Vox-F.yaml --data my-data \\\n"
      "    --weights runs/first/checkpoints/best.h5");
  verb->callback([flags, &action] { action = [flags] { return test(*flags); }; });
}

}  // namespace voxgrad::apps
