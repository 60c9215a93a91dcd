// pix2vox train
#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/command_line/json_flag.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/verbs.h"
#include "io/file.h"
#include "io/plural.h"
#include "pix2vox/data/open_dataset.h"
#include "pix2vox/report/report.h"
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
  bool dry_run = false;
  JsonFlag json;
};

std::string describe(const TrainingProgress& p) {
  const double share =
      (double(p.epoch - 1) + double(p.batch) / double(p.batches)) / double(p.epochs);
  return fmt::format(
      "{} epoch {}/{} batch {}/{} loss {:.4f}/{:.4f} {:.1f} samples/s data wait {:.0f}% left {}",
      bar(share, 16), p.epoch, p.epochs, p.batch, p.batches, p.loss_merged, p.loss_refined,
      p.samples_per_second, 100 * p.data_wait_share, format_seconds(p.seconds_left));
}

std::string describe(const EpochReport& r, double seconds_left) {
  std::string text = fmt::format("epoch {}/{} loss {:.4f}", r.epoch, r.epochs, r.loss_merged);
  if (r.loss_refined > 0) text += fmt::format(" refined {:.4f}", r.loss_refined);
  const IouTable::Row overall = r.validation.overall();
  if (overall.objects > 0)
    text += fmt::format(" | val loss {:.4f} IoU {:.4f} (best {:.4f} at {}){}",
                        r.validation_loss_merged, r.validation.mean_over_thresholds(),
                        r.validation.best().second, r.threshold, r.best ? " *" : "");
  return text + fmt::format(" | {:.1f} samples/s data wait {:.0f}% {} left {}",
                            r.samples_per_second, 100 * r.data_wait_share,
                            format_seconds(r.seconds), format_seconds(seconds_left));
}

// What happens before the run's folder is there is kept until it can be written.
class RunLog {
 public:
  void open(const std::filesystem::path& file) {
    log_ = spdlog::basic_logger_mt("train", file.string());
    log_->flush_on(spdlog::level::info);
    for (const std::string& text : waiting_) log_->info(text);
    waiting_.clear();
  }
  void write(const std::string& text) {
    if (log_)
      log_->info(text);
    else
      waiting_.push_back(text);
  }

 private:
  std::shared_ptr<spdlog::logger> log_;
  std::vector<std::string> waiting_;
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
  line.print(fmt::format("{} on {}: {}, {}, run in {}", config.model.full_name(), concat(device),
                         counted(training->size(), "training object"),
                         counted(validation ? validation->size() : 0, "validation object"),
                         out.string()));
  if (flags.dry_run) {
    for (const std::string& note : notes) line.print("mixed in: " + note);
    if (stop) return signal_exit_code();
    line.print("dry run: configuration and data are good, nothing was trained");
    return kOk;
  }

  double seconds_left = 0;
  RunLog log;  // log.txt repeats what stderr shows, with times
  const auto say = [&](const std::string& text) {
    line.print(text);
    log.write(text);
  };
  for (const std::string& note : notes) say("mixed in: " + note);
  if (!validation)
    say("warning: no validation objects: the threshold stays as it is, the last epoch counts as "
        "the "
        "best");
  TrainingHooks hooks;
  LossWatch watch;
  hooks.step = [&](const TrainingProgress& progress) {
    seconds_left = progress.seconds_left;
    const std::string exploding = watch(progress.epoch, progress.loss_merged);
    if (!exploding.empty()) say(exploding);
    line.show(describe(progress));
  };
  hooks.validating = [&](std::int64_t done, std::int64_t total) {
    if (line.terminal()) line.count("validating", done, total);
  };
  std::optional<EpochReport> best;
  hooks.epoch = [&](const EpochReport& report) {
    say(describe(report, seconds_left));
    if (report.best) best = report;
  };
  hooks.notice = say;
  Trainer trainer(config, *training, validation.get(), {out, flags.resume, device, &stop}, hooks);
  const RunFolder folder{out};
  log.open(folder.log());
  TrainingOutcome outcome;
  try {
    outcome = trainer.run();
    trainer.close();
  } catch (const std::exception& error) {
    log.write(concat("error: ", error.what()));
    throw;
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
      "Take of --weights what fits, and list the rest (train.weights_partial)");
  flags->config.add_key(*verb, "--precision", "train.precision", "f32, bf16, or tf32 on CUDA",
                        "f32|bf16|tf32");
  flags->config.add_key(*verb, "--epochs", "train.epochs", "Total epochs");
  flags->config.add_key(*verb, "--seed", "train.seed", "Seed of all random draws");
  verb->add_option("--out", flags->out, "Folder of the run [runs/<name of the configuration>]")
      ->type_name("DIR");
  verb->add_flag("--resume", flags->resume, "Continue from the run's last checkpoint");
  verb->add_flag("--dry-run", flags->dry_run, "Check configuration and data, then stop");
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
