// pix2vox test
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/progress.h"
#include "apps/verbs.h"
#include "io/file.h"
#include "pix2vox/checkpoint/checkpoint.h"
#include "pix2vox/data/open_dataset.h"
#include "pix2vox/training/evaluator.h"
#include "pix2vox/weights/weights.h"

namespace voxgrad::apps {
namespace {

struct TestFlags {
  ConfigFlags config;
  DeviceFlags device;
  std::string weights, json;
  bool baselines = true;
};

// One line a category: objects, the model at each threshold, then the baselines at their best one.
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
      "voxel counts as "
      "occupied.\nThe threshold kept in the checkpoint, best on its validation split, is {}.\n",
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

nlohmann::json to_json(const IouTable& table) {
  const auto row = [](const IouTable::Row& r) {
    return nlohmann::json{{"objects", r.objects}, {"iou", r.mean}};
  };
  nlohmann::json categories = nlohmann::json::object();
  for (const IouTable::Row& each : table.categories()) categories[each.name] = row(each);
  return {{"thresholds", table.thresholds()},
          {"categories", categories},
          {"overall", row(table.overall())},
          {"mean_over_categories", row(table.mean_over_categories())}};
}

// Better told before an hour of testing than after it.
void check_writable(const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  check<ConfigError>(fs::is_directory(folder), "--json ", file.string(), ": there is no folder ",
                     folder.string());
  check<ConfigError>(file.has_filename() && !fs::is_directory(file), "--json ", file.string(),
                     " is a folder: give the name of a file");
}

int test(const TestFlags& flags) {
  if (!flags.json.empty()) check_writable(flags.json);
  const Device device = flags.device.apply();
  const Config config = flags.config.load();
  const Checkpoint checkpoint = load_weights(flags.weights).checkpoint;
  check_same_network(checkpoint.config.model, config.model, flags.weights);
  const auto dataset = open_dataset(config.data, config.test.split);
  check_testing_fits(config, *dataset);
  Pix2Vox model(config.model);
  model.load_state(checkpoint.model);
  model.fold_for_inference();
  model.to(device);
  model.set_precision(precision_from(config.test.precision));

  ProgressLine line;
  EvaluationHooks hooks;
  hooks.progress = [&](std::int64_t done, std::int64_t total) {
    line.count("testing", done, total);
  };
  const Evaluation evaluation =
      evaluate(model, *dataset, testing_loader(config), config.test.thresholds, hooks);
  std::optional<Baselines> baselines;
  if (flags.baselines) {
    const auto training = open_dataset(config.data, "train");
    baselines = measure_baselines(
        *training, *dataset, config.test.thresholds,
        [&](std::int64_t done, std::int64_t total) { line.count("baselines", done, total); });
  }
  line.finish();
  std::cout << to_text(evaluation, baselines ? &*baselines : nullptr, checkpoint.threshold);

  if (!flags.json.empty()) {
    nlohmann::json json{{"weights", flags.weights},
                        {"split", config.test.split},
                        {"views", config.test.n_views},
                        {"threshold", checkpoint.threshold},
                        {"seconds", evaluation.seconds},
                        {"loss_merged", evaluation.loss_merged},
                        {"loss_refined", evaluation.loss_refined},
                        {"model", to_json(evaluation.iou)}};
    if (baselines)
      json["baselines"] = {{"mean_shape", to_json(baselines->mean_shape)},
                           {"category_mean_shape", to_json(baselines->category_mean_shape)},
                           {"best_training_shape", to_json(baselines->best_training_shape)}};
    const std::string text = json.dump(2) + "\n";
    write_file_atomically(flags.json,
                          {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
  return kOk;
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
  flags->config.add_key(*verb, "--views", "test.n_views", "Views an object, the first ones");
  verb->add_option("--json", flags->json, "Also write the results here")->type_name("FILE");
  verb->add_flag_callback(
      "--no-baselines", [flags] { flags->baselines = false; },
      "Leave out the baselines of the training split");
  flags->device.add(*verb);
  verb->footer(
      "Example:\n"
      "  pix2vox test --cfg configs/Pix2Vox-F.yaml --weights runs/first/checkpoints/best.h5 --data "
      "my-data");
  verb->callback([flags, &action] { action = [flags] { return test(*flags); }; });
}

}  // namespace voxgrad::apps
