#include "apps/terminal/training_display.h"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "pix2vox/benchmark/resident.h"
#include "pix2vox/training/metrics.h"
#include "pix2vox/training/run_folder.h"

namespace voxgrad::apps {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

/// The row as one line of the log.
std::string log_line(const EpochReport& r, double seconds_left) {
  std::string text = fmt::format("epoch {}/{} loss {:.4f}", r.epoch, r.epochs, r.loss_merged);
  if (r.refined) text += fmt::format(" refined {:.4f}", r.loss_refined);
  const IouTable::Row overall = r.validation.overall();
  if (overall.objects > 0)
    text += fmt::format(" | val loss {:.4f} IoU {:.4f} (best {:.4f} at {}){}",
                        r.validation_loss_merged, r.validation.mean_over_thresholds(),
                        r.validation.best().second, r.threshold, r.best ? " *" : "");
  return text + fmt::format(" | {:.1f} samples/s data wait {:.0f}% {} left {}",
                            r.samples_per_second, 100 * r.data_wait_share,
                            format_seconds(r.seconds), format_seconds(seconds_left));
}

EpochRow row_of(const EpochReport& r) {
  EpochRow row{.epoch = r.epoch,
               .epochs = r.epochs,
               .loss = r.loss_merged,
               .samples_per_second = r.samples_per_second,
               .data_wait_share = r.data_wait_share,
               .seconds = r.seconds,
               .best = r.best};
  if (r.refined) row.loss_refined = r.loss_refined;
  if (r.validation.overall().objects > 0) {
    row.validation_loss = r.refined ? r.validation_loss_refined : r.validation_loss_merged;
    row.iou = r.validation.mean_over_thresholds();
    row.best_iou = r.validation.best().second;
    row.threshold = r.threshold;
  }
  return row;
}

Json progress_json(const TrainingProgress& p) {
  Json json{{"epoch", p.epoch},
            {"epochs", p.epochs},
            {"batch", p.batch},
            {"batches", p.batches},
            {"loss_merged", p.loss_merged}};
  if (p.refined) json["loss_refined"] = p.loss_refined;
  json["samples_per_second"] = p.samples_per_second;
  json["data_wait_share"] = p.data_wait_share;
  json["seconds_left"] = p.seconds_left;
  return json;
}

Json epoch_json(const EpochReport& r) {
  Json json{{"epoch", r.epoch}, {"epochs", r.epochs}, {"loss_merged", r.loss_merged}};
  if (r.refined) json["loss_refined"] = r.loss_refined;
  const IouTable::Row overall = r.validation.overall();
  if (overall.objects > 0) {
    json["validation_loss_merged"] = r.validation_loss_merged;
    if (r.refined) json["validation_loss_refined"] = r.validation_loss_refined;
    json["mean_iou"] = r.validation.mean_over_thresholds();
    json["thresholds"] = r.validation.thresholds();
    json["iou"] = overall.mean;
    json["threshold"] = r.threshold;
    json["best"] = r.best;
  }
  for (const auto& [part, rate] : r.learning_rates) json["learning_rate"][part] = rate;
  json["seconds"] = r.seconds;
  json["samples_per_second"] = r.samples_per_second;
  json["data_wait_share"] = r.data_wait_share;
  return json;
}

}  // namespace

TrainingMoment moment_of(const RunStatus& status) {
  const TrainingProgress& p = status.progress;
  TrainingMoment moment{.epoch = p.epoch,
                        .epochs = p.epochs,
                        .batch = p.batch,
                        .batches = p.batches,
                        .loss = p.loss_merged,
                        .iou = status.iou,
                        .samples_per_second = p.samples_per_second,
                        .data_wait_share = p.data_wait_share,
                        .memory_bytes = status.memory_bytes,
                        .seconds_left = p.seconds_left};
  if (p.refined) moment.loss_refined = p.loss_refined;
  return moment;
}

void TrainingDisplay::begin(const RunFolder& run, bool refined, bool validated) {
  table_.emplace(refined, validated);
  status_file_ = run.status();
  log_ = spdlog::basic_logger_mt("train", run.log().string());
  log_->flush_on(spdlog::level::info);
  for (const std::string& text : waiting_) log_->info(text);
  waiting_.clear();
}

void TrainingDisplay::step(const TrainingProgress& progress) {
  seconds_left_ = progress.seconds_left;
  status_.state = "training";
  status_.progress = progress;
  keep_status(progress.batch == progress.batches);
  if (options_.json_log) {
    constexpr std::chrono::seconds pause(5);
    if (Clock::now() - json_written_ < pause) return;
    json_written_ = Clock::now();
    write_json("step", progress_json(progress).dump());
  } else if (!options_.quiet && line_.terminal()) {
    line_.show(training_line(moment_of(status_), line_.columns()));
  }
}

void TrainingDisplay::validating(std::int64_t done, std::int64_t total) {
  if (status_.state != "validating") {
    status_.state = "validating";
    keep_status(true);
  }
  if (!options_.json_log && !options_.quiet && line_.terminal())
    line_.count("validating", done, total);
}

void TrainingDisplay::epoch(const EpochReport& report) {
  if (report.validation.overall().objects > 0)
    status_.iou = report.validation.mean_over_thresholds();
  status_.state = "training";
  keep_status(true);
  write_log(log_line(report, seconds_left_));
  if (options_.json_log)
    write_json("epoch", epoch_json(report).dump());
  else if (!options_.quiet)
    line_.print(table_->row(row_of(report), line_.columns()));
}

void TrainingDisplay::say(const std::string& text) {
  write_log(text);
  if (options_.json_log)
    write_json("notice", Json{{"text", text}}.dump(-1, ' ', false, Json::error_handler_t::replace));
  else if (!options_.quiet || text.starts_with("warning"))
    line_.print(text);
}

void TrainingDisplay::end(const std::string& state) {
  status_.state = state;
  keep_status(true);
  line_.finish();
}

void TrainingDisplay::fail(const std::string& error) {
  write_log("error: " + error);
  if (options_.json_log)
    write_json("error", Json{{"text", error}}.dump(-1, ' ', false, Json::error_handler_t::replace));
  end("failed");
}

void TrainingDisplay::write_log(const std::string& text) {
  if (log_)
    log_->info("{}", text);
  else
    waiting_.push_back(text);
}

void TrainingDisplay::write_json(const std::string& event, const std::string& members) {
  Json json{{"event", event}, {"time", time_of_day()}};
  json.update(Json::parse(members));
  std::cerr << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

void TrainingDisplay::keep_status(bool at_once) {
  constexpr std::chrono::seconds pause(1);
  if (!at_once && Clock::now() - status_written_ < pause) return;
  status_written_ = Clock::now();
  if (const std::uint64_t bytes = resident_bytes(); bytes > 0) status_.memory_bytes = double(bytes);
  if (status_file_.empty()) return;
  try {
    write_status(status_file_, status_);
  } catch (const std::exception& error) {
    status_file_.clear();  // who watches loses the line of the moment; the training continues
    say(concat("warning: pix2vox watch sees no progress from here on: ", error.what()));
  }
}

}  // namespace voxgrad::apps
