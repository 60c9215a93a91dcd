// pix2vox watch
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iostream>
#include <map>
#include <thread>

#include "apps/terminal/progress.h"
#include "apps/terminal/signals.h"
#include "apps/terminal/training_display.h"
#include "apps/verbs/verbs.h"
#include "pix2vox/training/metrics.h"
#include "pix2vox/training/run_folder.h"
#include "pix2vox/training/run_status.h"

namespace voxgrad::apps {
namespace {

struct WatchFlags {
  std::string run;
  bool once = false;
};

/// The cells of a row by their columns' names; those that are no numbers are left out.
std::map<std::string, double> numbers_of(const Metrics& metrics, std::size_t row) {
  std::map<std::string, double> numbers;
  for (std::size_t c = 0; c < metrics.columns.size(); ++c) {
    const std::string& cell = metrics.rows[row][c];
    double value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error == std::errc() && end == cell.data() + cell.size())
      numbers[metrics.columns[c]] = value;
  }
  return numbers;
}

std::optional<double> find(const std::map<std::string, double>& numbers, const std::string& name) {
  const auto place = numbers.find(name);
  if (place == numbers.end()) return {};
  return place->second;
}

EpochRow row_of(const std::map<std::string, double>& numbers, std::int64_t epochs) {
  EpochRow row{.epoch = std::int64_t(find(numbers, "epoch").value_or(0)),
               .epochs = epochs,
               .loss = find(numbers, "loss_merged").value_or(0),
               .loss_refined = find(numbers, "loss_refined"),
               .validation_loss = find(numbers, "validation_loss_refined"),
               .iou = find(numbers, "mean_iou"),
               .samples_per_second = find(numbers, "samples_per_second").value_or(0),
               .data_wait_share = find(numbers, "data_wait_share").value_or(0),
               .seconds = find(numbers, "seconds").value_or(0)};
  if (!row.validation_loss) row.validation_loss = find(numbers, "validation_loss_merged");
  constexpr std::string_view prefix = "iou_at_";
  for (const auto& [name, iou] : numbers)
    if (name.starts_with(prefix) && (!row.best_iou || iou > *row.best_iou)) {
      row.best_iou = iou;
      row.threshold = std::stod(name.substr(prefix.size()));
    }
  return row;
}

std::string text_of(const RunStatus& status, std::size_t columns) {
  if (status.state == "validating")
    return fmt::format("epoch {}/{} validating", status.progress.epoch, status.progress.epochs)
        .substr(0, columns);
  return training_line(moment_of(status), columns);
}

/// Prints the rows of metrics.csv that it has not printed yet.
class Rows {
 public:
  explicit Rows(const RunFolder& run) : run_(run) {}

  void print_new(ProgressLine& line, std::int64_t epochs) {
    const Metrics metrics = read_metrics(run_.metrics());
    for (std::size_t r = 0; r < metrics.rows.size(); ++r) {
      const std::map<std::string, double> numbers = numbers_of(metrics, r);
      EpochRow row = row_of(numbers, std::max(epochs, std::int64_t(metrics.rows.size())));
      if (row.epoch <= last_) continue;
      last_ = row.epoch;
      if (!table_)
        table_.emplace(
            std::ranges::find(metrics.columns, "loss_refined") != metrics.columns.end() &&
                row.loss_refined.has_value(),
            row.iou.has_value());
      row.best = row.iou && *row.iou > best_;
      if (row.best) best_ = *row.iou;
      line.print(table_->row(row, line.columns()));
    }
  }

 private:
  RunFolder run_;
  std::optional<EpochTable> table_;
  std::int64_t last_ = 0;
  double best_ = -1;
};

int watch(const WatchFlags& flags) {
  const std::atomic<bool>& stop = watch_signals("");
  const RunFolder run{flags.run};
  check<ConfigError>(exists(run.config()) || exists(run.metrics()) || exists(run.status()),
                     flags.run, ": no run: it has neither config.yaml nor metrics.csv");
  ProgressLine line;
  Rows rows(run);
  while (!stop) {
    const std::optional<RunStatus> status = read_status(run.status());
    rows.print_new(line, status ? status->progress.epochs : 0);
    const bool alive = status && is_alive(*status);
    if (!alive) {
      line.print(!status           ? "no training is under way here"
                 : status->ended() ? "the training is over: " + status->state
                                   : "the training was ended from outside: train --resume "
                                     "continues it");
      return kOk;
    }
    if (flags.once) {
      line.print(text_of(*status, line.columns()));
      return kOk;
    }
    line.show(text_of(*status, line.columns()));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  line.finish();
  return signal_exit_code();
}

}  // namespace

void add_watch(Verb& app, Action& action) {
  auto flags = std::make_shared<WatchFlags>();
  Verb* verb = app.add_subcommand("watch", "Watch a training from another terminal");
  verb->add_option("run", flags->run, "Folder of the run")->required()->type_name("DIR");
  verb->add_flag("--once", flags->once, "Print the current state, then exit");
  verb->footer(
      "Example:\n"
      "  pix2vox watch runs/first\n"
      "It ends when the training does; Ctrl-C ends the watching alone.");
  verb->callback([flags, &action] { action = [flags] { return watch(*flags); }; });
}

}  // namespace voxgrad::apps
