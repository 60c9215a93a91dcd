// pix2vox test
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/command_line/json_flag.h"
#include "apps/measures/gallery.h"
#include "apps/measures/test_report.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/verbs.h"
#include "io/file.h"
#include "io/plural.h"
#include "pix2vox/checkpoint/checkpoint.h"
#include "pix2vox/data/open_dataset.h"
#include "pix2vox/evaluation/evaluator.h"
#include "pix2vox/evaluation/object_measures.h"
#include "pix2vox/evaluation/retrieval.h"
#include "pix2vox/weights/weights.h"

namespace voxgrad::apps {
namespace {

namespace fs = std::filesystem;

struct TestFlags {
  ConfigFlags config;
  DeviceFlags device;
  std::string weights;
  JsonFlag json;
  bool baselines = true, calibrate = false, shapes = true;
  std::vector<std::int64_t> views;  // empty: the configuration's
  std::string csv, gallery, protocol = "shapenet";
  int points = FScoreOptions{}.points;
  std::uint64_t points_seed = FScoreOptions{}.seed;

  std::optional<FScoreOptions> fscore() const {
    if (!shapes) return {};
    return FScoreOptions{.points = points, .seed = points_seed};
  }
};

VoxelGrid grid_of(const Tensor& volumes, std::int64_t object) {
  VoxelGrid grid{int(volumes.shape()[1])};
  const auto count = std::int64_t(grid.values.size());
  std::copy_n(volumes.data<float>() + object * count, count, grid.values.begin());
  return grid;
}

void add_to_pix3d(Pix3dIou& pix3d, const Batch& batch, const Tensor& volumes) {
  for (std::int64_t b = 0; b < batch.size; ++b)
    pix3d.add(batch.objects[std::size_t(b)], grid_of(volumes, b), grid_of(batch.volumes, b));
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

/// The nearest training picture as a rival.
std::optional<RetrievalResult> run_retrieval(const BaselineSource& source, const Dataset& tested,
                                             const std::optional<FScoreOptions>& fscore,
                                             ProgressLine& line) {
  if (!source.training) return {};
  try {
    RetrievalOptions options;
    options.progress = [&](std::int64_t done, std::int64_t total) {
      line.count("nearest pictures", done, total);
    };
    const std::vector<std::int64_t> nearest = nearest_by_picture(*source.training, tested, options);
    RetrievalResult result;
    std::int64_t with_chamfer = 0;
    for (std::int64_t i = 0; i < tested.size(); ++i) {
      stop_if_asked();
      const VoxelGrid shape = source.training->volume(nearest[std::size_t(i)]),
                      truth = tested.volume(i);
      result.iou.add(tested.info(i),
                     iou_at(shape.values.data(), truth.values.data(),
                            std::int64_t(shape.values.size()), result.iou.thresholds()));
      if (!fscore) continue;
      const ShapeDistance distance = shape_distance(shape, 0.5, truth, std::uint64_t(i), *fscore);
      result.fscore += distance.fscore[fscore_one_percent] / double(tested.size());
      result.chamfer += distance.chamfer.value_or(0);
      with_chamfer += distance.chamfer.has_value();
    }
    result.chamfer /= double(std::max<std::int64_t>(1, with_chamfer));
    return result;
  } catch (const DataError& error) {
    line.print(concat("warning: no nearest pictures: ", error.what()));
  } catch (const Interrupted&) {
    line.print("warning: no nearest pictures: stopped");
  }
  return {};
}

/// One run over the split with a number of views.
ViewResult measure(Pix2Vox& model, const Dataset& dataset, Config config, int views,
                   const TestFlags& flags, double threshold, ProgressLine& line,
                   const std::atomic<bool>& stop, std::int64_t& tested) {
  config.test.n_views = views;
  MeasureOptions options{.thresholds = config.test.thresholds, .shape_threshold = threshold};
  options.fscore = flags.fscore();
  options.keep_shapes = !flags.gallery.empty();
  ViewResult result{
      .views = views, .evaluation = Evaluation(), .measures = ObjectMeasures(options)};
  if (flags.protocol == "pix3d") result.pix3d.emplace();
  EvaluationHooks hooks;
  hooks.progress = [&](std::int64_t done, std::int64_t total) {
    tested = done;
    line.count(views == 1 ? "testing" : concat("testing ", views, " views"), done, total);
  };
  hooks.stop = [&] { return stop.load(); };
  hooks.predicted = [&](const Batch& batch, const Tensor& volumes) {
    result.measures.add(batch, volumes);
    if (result.pix3d) add_to_pix3d(*result.pix3d, batch, volumes);
  };
  result.evaluation =
      evaluate(model, dataset, testing_loader(config), config.test.thresholds, hooks);
  return result;
}

std::vector<int> view_counts(const TestFlags& flags, const Config& config) {
  std::vector<int> counts;
  for (const std::int64_t views : flags.views) {
    check<ConfigError>(views >= 1 && views <= 1000, "--views ", views, ": 1 or more");
    if (std::ranges::find(counts, int(views)) == counts.end()) counts.push_back(int(views));
  }
  if (counts.empty()) counts.push_back(config.test.n_views);
  return counts;
}

/// Finds the thresholds on the validation split and puts them into the weights' file.
void calibrate(Pix2Vox& model, const Config& config, const TestFlags& flags, int views,
               Checkpoint& checkpoint, ProgressLine& line, const std::atomic<bool>& stop) {
  check<ConfigError>(has_split(config.data, "val"),
                     "--calibrate needs a validation split, and the data set has none");
  const auto validation = open_dataset(config.data, "val");
  Config on_validation = config;
  on_validation.test.n_views = views;
  check_testing_fits(on_validation, *validation);
  ThresholdSearch search;
  EvaluationHooks hooks;
  hooks.progress = [&](std::int64_t done, std::int64_t total) {
    line.count("calibrating", done, total);
  };
  hooks.stop = [&] { return stop.load(); };
  hooks.predicted = [&](const Batch& batch, const Tensor& volumes) {
    const std::int64_t count = volumes.numel() / batch.size;
    for (std::int64_t b = 0; b < batch.size; ++b)
      search.add(batch.objects[std::size_t(b)], volumes.data<float>() + b * count,
                 batch.volumes.data<float>() + b * count, count);
  };
  evaluate(model, *validation, testing_loader(on_validation), config.test.thresholds, hooks);
  stop_if_asked();
  const double before = checkpoint.threshold;
  const auto [threshold, iou] = search.best();
  checkpoint.threshold = threshold;
  checkpoint.category_thresholds = search.by_category();
  Checkpoint whole = load_checkpoint(flags.weights);
  whole.threshold = checkpoint.threshold;
  whole.category_thresholds = checkpoint.category_thresholds;
  save_checkpoint(flags.weights, whole);
  line.print(fmt::format("{}: threshold {:.4g}, before {:.4g}; IoU {:.4f} on the validation split",
                         flags.weights, threshold, before, iou));
}

int test(const TestFlags& flags) {
  const std::atomic<bool>& stop =
      watch_signals("stopping: the objects that are done are reported\n");
  flags.json.check_writable();
  const Device device = flags.device.apply();
  const Config config = flags.config.load();
  const std::vector<int> views = view_counts(flags, config);
  const LoadedWeights loaded = load_weights(flags.weights);
  for (const std::string& note : loaded.notes)
    std::cerr << "note: " << flags.weights << ": " << note << '\n';
  Checkpoint checkpoint = loaded.checkpoint;
  check<ConfigError>(!flags.calibrate || fs::path(flags.weights).extension() == ".h5",
                     flags.weights,
                     ": --calibrate writes the threshold into a checkpoint of our "
                     "own: make one with pix2vox convert");
  check_same_network(checkpoint.config.model, config.model, flags.weights);
  const auto dataset = open_dataset(config.data, config.test.split);
  for (const int count : views) {
    Config with_views = config;
    with_views.test.n_views = count;
    check_testing_fits(with_views, *dataset);
  }
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

  if (flags.calibrate) calibrate(model, config, flags, views.front(), checkpoint, line, stop);
  TestResults results;
  results.threshold = checkpoint.threshold;
  results.threshold_source =
      flags.calibrate ? "chosen just now on the validation split" : "best on its validation split";
  std::int64_t tested = 0;
  for (const int count : views) {
    results.by_views.push_back(
        measure(model, *dataset, config, count, flags, checkpoint.threshold, line, stop, tested));
    if (stop) break;
  }
  const bool complete = tested == dataset->size() && results.by_views.size() == views.size();
  if (complete) results.baselines = run_baselines(source, *dataset, config, line);
  if (complete && !stop) results.retrieval = run_retrieval(source, *dataset, flags.fscore(), line);
  line.finish();
  if (!flags.csv.empty()) {
    const std::string csv = results.by_views.front().measures.csv();
    write_file_atomically(flags.csv, std::vector<std::uint8_t>(csv.begin(), csv.end()));
  }
  if (!flags.gallery.empty())
    write_gallery(flags.gallery, results.by_views.front().measures, *dataset);
  if (flags.json.prints_text()) std::cout << to_text(results);
  nlohmann::json json = to_json(results);
  json["weights"] = flags.weights;
  json["split"] = config.test.split;
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
  Verb* verb = app.add_subcommand(
      "test", "Measure IoU, F-score and calibration on a split, beside baselines");
  flags->config.add(*verb);
  verb->add_option("--weights", flags->weights, "Checkpoint to test")
      ->required()
      ->type_name("FILE");
  flags->config.add_key(*verb, "--data", "data.root", "Folder of the data set", "DIR");
  flags->config.add_key(*verb, "--split", "test.split", "Split to test", "train|val|test");
  flags->config.add_key(*verb, "--precision", "test.precision", "f32, bf16, or tf32 on CUDA",
                        "f32|bf16|tf32");
  verb->add_option("--views", flags->views,
                   "Views per object (the first ones); several numbers are tested one after the "
                   "other [test.n_views]")
      ->type_name("N,N...")
      ->delimiter(',');
  verb->add_flag("--calibrate", flags->calibrate,
                 "First choose the thresholds, overall and by category, on the validation split, "
                 "and keep them in the weights' file");
  verb->add_option("--protocol", flags->protocol,
                   "shapenet: as it is; pix3d: also the IoU that Pix3D's authors measure")
      ->type_name("shapenet|pix3d")
      ->one_of({"shapenet", "pix3d"})
      ->capture_default_str();
  verb->add_option("--points", flags->points, "Points on each surface for F-score and Chamfer")
      ->range(16, 1'000'000)
      ->capture_default_str();
  verb->add_option("--points-seed", flags->points_seed, "Seed of these points")
      ->capture_default_str();
  verb->add_flag_callback(
      "--no-fscore", [flags] { flags->shapes = false; }, "Leave out F-score and Chamfer distance");
  verb->add_option("--csv", flags->csv, "Also write a line per object")->type_name("FILE");
  verb->add_option("--gallery", flags->gallery,
                   "Also draw input, prediction and truth of the best, the median and the worst "
                   "object of each category")
      ->type_name("DIR");
  flags->json.add(*verb);
  verb->add_flag_callback(
      "--no-baselines", [flags] { flags->baselines = false; },
      "Leave out the baselines of the training split");
  flags->device.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox test --cfg configs/Pix2Vox-F.yaml --data my-data \\\n"
      "    --weights runs/first/checkpoints/best.h5\n"
      "  pix2vox test ... --views 1,2,3,5,8 --csv objects.csv --json test.json\n"
      "  pix2vox test ... --calibrate   (the threshold that predict uses)");
  verb->callback([flags, &action] { action = [flags] { return test(*flags); }; });
}

}  // namespace voxgrad::apps
