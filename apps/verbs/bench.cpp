// pix2vox bench
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "apps/command_line/json_flag.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/bench_report.h"
#include "apps/verbs/first_prediction.h"
#include "apps/verbs/machine.h"
#include "apps/verbs/verbs.h"
#include "io/plural.h"
#include "io/scratch_folder.h"
#include "layers/init.h"
#include "pix2vox/checkpoint/checkpoint.h"
#include "pix2vox/data/open_dataset.h"
#include "pix2vox/weights/weights.h"

namespace voxgrad::apps {
namespace {

const std::vector<std::string> kSections{"inference", "training", "layers", "start", "loader"};

struct BenchFlags {
  ConfigFlags config;
  DeviceFlags device;
  std::vector<std::string> only{"inference", "training", "layers", "start"};
  std::vector<std::int64_t> batches{1}, views{1, 8}, train_batches{8};
  std::int64_t train_views = 1;
  int warm_up = 2, repeats = 5;
  double loader_seconds = 5;
  std::string weights, precision = "f32";
  JsonFlag json;

  bool wants(const std::string& section) const {
    return std::ranges::find(only, section) != only.end();
  }
};

std::vector<Config> configurations(const BenchFlags& flags) {
  if (!flags.config.file.empty()) return {flags.config.load()};
  std::vector<Config> published;
  for (const std::string variant : {"A", "F"})
    published.push_back(parse_config("model: {variant: " + variant + "}", "Pix2Vox-" + variant,
                                     flags.config.overrides));
  return published;
}

std::string name_of(const Config& config) {
  return config.model.full_name();
}

StartFigures measure_start(const std::filesystem::path& weights, const BenchFlags& flags) {
  std::vector<std::string> passed{"--device", flags.device.device, "--precision", flags.precision};
  if (flags.device.threads > 0) {
    passed.emplace_back("--threads");
    passed.push_back(std::to_string(flags.device.threads));
  }
  StartFigures figures;
  for (int i = 0; i < 1 + flags.repeats; ++i) {  // the first brings the files into memory
    stop_if_asked();
    const double seconds = first_prediction_seconds(weights, passed);
    if (i > 0) figures.timing.seconds.push_back(seconds);
  }
  std::ranges::sort(figures.timing.seconds);
  return figures;
}

StartFigures measure_start_of(const Config& config, const BenchFlags& flags) {
  const ScratchFolder folder;
  const std::filesystem::path file = folder.path() / "random.h5";
  {
    Pix2Vox model(config.model);
    initialize(model, 0);
    Checkpoint checkpoint;
    checkpoint.config = config;
    checkpoint.model = model.state();
    save_checkpoint(file, checkpoint);
  }
  StartFigures figures = measure_start(file, flags);
  figures.weights = "random";
  return figures;
}

/// Fills the report; Interrupted leaves in it what was measured before.
void measure(const Config& config, const BenchFlags& flags, const BenchmarkOptions& options,
             ProgressLine& line, ModelReport& report) {
  report.name = name_of(config);
  const auto announce = [&](const std::string& what) {
    stop_if_asked();
    line.print(fmt::format("{}: {}", report.name, what));
  };
  if (flags.wants("inference"))
    for (const std::int64_t batch : flags.batches)
      for (const std::int64_t views : flags.views) {
        announce(fmt::format("inference, batch {}, {}", batch, counted(views, "view")));
        report.inference.push_back(measure_inference(config, batch, views, options));
      }
  if (flags.wants("training"))
    for (const std::int64_t batch : flags.train_batches) {
      announce(fmt::format("training, batch {}, {}", batch, counted(flags.train_views, "view")));
      report.training.push_back(measure_training(config, batch, flags.train_views, options));
    }
  if (flags.wants("layers")) {
    report.layers_batch = flags.train_batches.front();
    report.layers_views = flags.train_views;
    announce(fmt::format("layers, batch {}", report.layers_batch));
    report.layers = measure_layers(config, report.layers_batch, report.layers_views, options);
  }
  if (flags.wants("start") && flags.weights.empty()) {
    announce("start");
    report.start = measure_start_of(config, flags);
  }
}

/// All that was asked for, into the report.
void measure_all(const std::vector<Config>& configs, const BenchFlags& flags,
                 const BenchmarkOptions& options, const std::optional<std::string>& trained,
                 ProgressLine& line, BenchReport& report) {
  line.print("peak");
  report.peak = measure_peak_flops(options.device,
                                   options.precision == Precision::bf16 ? DType::bf16 : DType::f32);
  for (const Config& config : configs) {
    report.models.emplace_back();
    measure(config, flags, options, line, report.models.back());
  }
  if (trained) {
    stop_if_asked();
    line.print("start of " + flags.weights);
    ModelReport given;
    given.name = *trained;
    given.start = measure_start(flags.weights, flags);
    given.start->weights = flags.weights;
    report.models.push_back(std::move(given));
  }
  if (flags.wants("loader")) {
    stop_if_asked();
    line.print("loader");
    report.loader = measure_loader(configs.front(), flags.loader_seconds);
  }
}

int bench(BenchFlags flags) {
  const std::atomic<bool>& stop =
      watch_signals("stopping after this measurement: those that are done are reported\n");
  flags.json.check_writable();
  const Device device = flags.device.apply();
  const Precision precision = precision_from(flags.precision);
  check_precision(precision, device);
  const std::vector<Config> configs = configurations(flags);
  if (!configs.front().data.root.empty() && !flags.wants("loader"))
    flags.only.emplace_back("loader");
  // Before anything is measured, which takes minutes.
  if (flags.wants("loader")) open_dataset(configs.front().data, "train");
  std::optional<std::string> trained;
  if (flags.wants("start") && !flags.weights.empty())
    trained = name_of(load_weights(flags.weights).checkpoint.config);
  ProgressLine line;
  BenchReport report;
  report.device = concat(device);
  report.processor = processor_name();
  report.precision = flags.precision;
  report.threads = omp_get_max_threads();
  report.warm_up = flags.warm_up;
  report.repeats = flags.repeats;
  try {
    measure_all(configs, flags, {device, precision, flags.warm_up, flags.repeats}, trained, line,
                report);
  } catch (const Interrupted&) {
    line.print("stopped: what follows is incomplete");
  }
  line.finish();
  if (flags.json.prints_text()) std::cout << to_text(report);
  flags.json.write(to_json(report));
  return stop ? signal_exit_code() : int(kOk);
}

}  // namespace

void add_bench(Verb& app, Action& action) {
  auto flags = std::make_shared<BenchFlags>();
  Verb* verb = app.add_subcommand(
      "bench", "Measure inference, training, every layer, the start and the loader");
  flags->config.add(*verb, false);
  flags->config.add_key(*verb, "--data", "data.root", "Data set whose loading is measured too",
                        "DIR");
  verb->add_option("--only", flags->only, "inference, training, layers, start, loader")
      ->delimiter(',')
      ->one_of(kSections)
      ->capture_default_str();
  const auto counts = [&](const char* name, std::vector<std::int64_t>& values, int minimum,
                          const char* help) {
    verb->add_option(name, values, help)
        ->delimiter(',')
        ->range(minimum, 1024)
        ->capture_default_str();
  };
  counts("--batch", flags->batches, 1, "Objects at a time in inference");
  counts("--views", flags->views, 1, "Views per object in inference");
  counts("--train-batch", flags->train_batches, 2,
         "Objects per training step; the layers use the first");
  verb->add_option("--train-views", flags->train_views, "Views per object in training")
      ->range(1, 1024)
      ->capture_default_str();
  verb->add_option("--warm-up", flags->warm_up, "Runs before the measured ones")
      ->range(1, 1000)
      ->capture_default_str();
  verb->add_option("--repeats", flags->repeats, "Measured runs")
      ->range(1, 1000)
      ->capture_default_str();
  verb->add_option("--seconds", flags->loader_seconds,
                   "Seconds for which each kind of loading is measured")
      ->range(0.1, 600.0)
      ->capture_default_str();
  verb->add_option("--weights", flags->weights,
                   "Checkpoint whose first prediction is timed [random weights]")
      ->type_name("FILE");
  verb->add_option("--precision", flags->precision, "f32, bf16, or tf32 on CUDA")
      ->type_name("f32|bf16|tf32")
      ->capture_default_str();
  flags->json.add(*verb);
  flags->device.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox bench      (Pix2Vox-A and -F, some minutes)\n"
      "  pix2vox bench --cfg configs/Pix2Vox-F.yaml --only inference --views 1,4\n"
      "  pix2vox bench --cfg configs/Pix2Vox-F.yaml --only loader --data my-data");
  verb->callback([flags, &action] { action = [flags] { return bench(*flags); }; });
}

}  // namespace voxgrad::apps
