// pix2vox train
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/command_line/json_flag.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/signals.h"
#include "apps/terminal/training_display.h"
#include "apps/verbs/verbs.h"
#include "io/file.h"
#include "io/plural.h"
#include "pix2vox/data/open_dataset.h"
#include "pix2vox/report/report.h"
#include "pix2vox/report/tensorboard/run_events.h"
#include "pix2vox/training/iou_json.h"
#include "pix2vox/training/loss_watch.h"
#include "pix2vox/training/run_folder.h"
#include "pix2vox/training/trainer.h"

namespace voxgrad::apps {
namespace {

struct TrainFlags {
  ConfigFlags config;
  DeviceFlags device;
  std::string out;
  bool resume = false;
  bool dry_run = false, quiet = false, json_log = false;
  JsonFlag json;
};

// A data set may come without validation objects; one that lists them must have them.
std::unique_ptr<Dataset> open_validation(const DataConfig& config) {
  if (has_split(config, "val")) return open_dataset(config, "val");
  return nullptr;
}

nlohmann::ordered_json to_json(const TrainingOutcome& outcome, const std::filesystem::path& out) {
  return {{"run", out.string()},
          {"best", RunFolder{out}.best().string()},
          {"epochs", outcome.epochs},
          {"best_iou", outcome.best_iou},
          {"best_epoch", outcome.best_epoch},
          {"out_of_patience", outcome.out_of_patience},
          {"interrupted", outcome.interrupted}};
}

/// The best epoch's IoU by category and threshold beside baselines, where they take no longer than
/// some seconds.
void write_validation_results(const RunFolder& folder, const EpochReport& best,
                              const Dataset& training, const Dataset& validation,
                              std::int64_t n_views) {
  constexpr std::int64_t max_comparisons = 4'000'000;
  nlohmann::json results{{"split", "val"},
                         {"views", n_views},
                         {"epoch", best.epoch},
                         {"threshold", best.threshold},
                         {"model", iou_json(best.validation)}};
  if (training.size() * validation.size() <= max_comparisons)
    results["baselines"] =
        baselines_json(measure_baselines(training, validation, best.validation.thresholds()));
  const std::string text = results.dump(2) + "\n";
  write_file_atomically(folder.results() / "val.json",
                        {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

int train(const TrainFlags& flags) {
  const std::atomic<bool>& stop = watch_signals(
      "\nstopping: this step is finished and the state saved; a second signal stops at once\n");
  flags.json.check_writable();
  const Device device = flags.device.apply();
  // A run repeats from its config.yaml wherever it is started.
  const Config config = with_absolute_paths(flags.config.load());
  ProgressLine line;
  std::vector<std::string> notes;
  const auto training = open_training_data(config.data, notes);
  const auto validation = open_validation(config.data);
  check_trainable(config);
  check_training_fits(config, *training, validation.get(), flags.dry_run);
  const std::filesystem::path out =
      flags.out.empty()
          ? std::filesystem::path("runs") / std::filesystem::path(flags.config.file).stem()
          : std::filesystem::path(flags.out);
  const std::string beginning =
      fmt::format("{} on {}: {}, {}, run in {}", config.model.full_name(), concat(device),
                  counted(training->size(), "training object"),
                  counted(validation ? validation->size() : 0, "validation object"), out.string());
  if (flags.dry_run) {
    line.print(beginning);
    for (const std::string& note : notes) line.print("mixed in: " + note);
    if (stop) return signal_exit_code();
    line.print("dry run: configuration and data are good, nothing was trained");
    return kOk;
  }

  TrainingDisplay display(line, {.quiet = flags.quiet, .json_log = flags.json_log});
  const auto say = [&](const std::string& text) { display.say(text); };
  say(beginning);
  for (const std::string& note : notes) say("mixed in: " + note);
  if (!validation)
    say("warning: no validation objects: the threshold stays as it is, the last epoch counts as "
        "the "
        "best");
  TrainingHooks hooks;
  LossWatch watch;
  hooks.step = [&](const TrainingProgress& progress) {
    const std::string exploding = watch(progress.epoch, progress.loss_merged);
    if (!exploding.empty()) say(exploding);
    display.step(progress);
  };
  hooks.validating = [&](std::int64_t done, std::int64_t total) {
    display.validating(done, total);
  };
  std::optional<EpochReport> best;
  std::optional<tensorboard::RunEvents> events;
  hooks.epoch = [&](const EpochReport& report) {
    // What others look at never stops a training.
    try {
      if (events) events->epoch(report);
    } catch (const std::exception& error) {
      events.reset();
      say(concat("no more events for TensorBoard: ", error.what()));
    }
    display.epoch(report);
    if (report.best) best = report;
  };
  hooks.notice = say;
  Trainer trainer(config, *training, validation.get(), {out, flags.resume, device, &stop}, hooks);
  const RunFolder folder{out};
  display.begin(folder, config.model.use_refiner, validation != nullptr);
  try {
    events.emplace(folder, config);
  } catch (const std::exception& error) {
    say(concat("no events for TensorBoard: ", error.what()));
  }
  TrainingOutcome outcome;
  try {
    outcome = trainer.run();
    trainer.close();
  } catch (const std::exception& error) {
    display.fail(error.what());
    throw;
  }
  try {
    if (events) events->close();
  } catch (const std::exception& error) {
    say(concat("no more events for TensorBoard: ", error.what()));
  }
  // A report never makes a training fail.
  try {
    if (best && !outcome.interrupted)
      write_validation_results(folder, *best, *training, *validation, config.train.n_views);
    write_report({out}, folder.report());
    say("report: " + folder.report().string());
  } catch (const std::exception& error) {
    say(concat("no report: ", error.what()));
  }
  flags.json.write(to_json(outcome, out).dump(2));
  display.end(outcome.interrupted ? "stopped" : "done");
  if (outcome.interrupted) return signal_exit_code();
  say(outcome.best_epoch > 0
          ? fmt::format("done: {}, best IoU {:.4f} in epoch {}", counted(outcome.epochs, "epoch"),
                        outcome.best_iou, outcome.best_epoch)
          : fmt::format("done: {}, none validated: best.h5 is the last",
                        counted(outcome.epochs, "epoch")));
  if (flags.json.prints_text()) std::cout << folder.best().string() << '\n';
  return kOk;
}

}  // namespace

void add_train(Verb& app, Action& action) {
  auto flags = std::make_shared<TrainFlags>();
  Verb* verb = app.add_subcommand("train", "Train a model; prints the path of the best checkpoint");
  flags->config.add(*verb);
  flags->config.add_key(*verb, "--data", "data.root", "Folder of the data set", "DIR");
  flags->config.add_key(*verb, "--weights", "train.weights", "Start from this checkpoint", "FILE");
  verb->add_flag_callback(
      "--weights-partial",
      [flags] {
        flags->config.overrides.flags.push_back(
            {"--weights-partial", "train.weights_partial", "true"});
      },
      "Load the tensors of --weights that fit, and list the others (train.weights_partial)");
  flags->config.add_key(*verb, "--precision", "train.precision", "f32, bf16, or tf32 on CUDA",
                        "f32|bf16|tf32");
  flags->config.add_key(*verb, "--epochs", "train.epochs", "Total epochs");
  flags->config.add_key(*verb, "--seed", "train.seed", "Seed of all random draws");
  verb->add_option("--out", flags->out, "Folder of the run [runs/<name of the configuration>]")
      ->type_name("DIR");
  verb->add_flag("--resume", flags->resume, "Continue from the run's last checkpoint");
  verb->add_flag("--dry-run", flags->dry_run, "Check configuration and data, then stop");
  verb->add_flag("--quiet", flags->quiet, "Print only warnings and errors");
  verb->add_flag("--json-log", flags->json_log,
                 "Progress on standard error as JSON, an object per line");
  flags->json.add(*verb);
  flags->device.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox train --cfg configs/Pix2Vox-F.yaml --data my-data --out runs/first\n"
      "  pix2vox train --cfg configs/Pix2Vox-F.yaml --data my-data --out runs/first \\\n"
      "    --resume\n"
      "  pix2vox train --cfg configs/Pix2Vox-mini.yaml --data my-data \\\n"
      "    --set train.batch_size=8 --dry-run\n"
      "Ctrl-C finishes the step and saves, as SIGTERM and SIGHUP do; a second one stops\n"
      "at once.");
  verb->callback([flags, &action] { action = [flags] { return train(*flags); }; });
}

}  // namespace voxgrad::apps
