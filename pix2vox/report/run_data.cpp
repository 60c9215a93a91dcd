#include "pix2vox/report/run_data.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "pix2vox/config/config.h"
#include "pix2vox/training/metrics.h"
#include "pix2vox/training/run_folder.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t max_rows = 1000;

/// null for what is no number.
Json number(const std::string& cell) {
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value)) return {};
  return value;
}

/// Columns without any number are left out; of very many rows, only some are shown.
Json table_of(const Metrics& metrics, std::vector<std::string>& notes, const std::string& name) {
  const std::size_t count = metrics.rows.size(), stride = (count + max_rows - 1) / max_rows;
  if (stride > 1)
    notes.push_back(concat(name, ": every ", stride, "th of ", count, " epochs is shown"));
  std::vector<std::size_t> columns;
  for (std::size_t c = 0; c < metrics.columns.size(); ++c)
    if (std::ranges::any_of(metrics.rows,
                            [c](const auto& row) { return !number(row[c]).is_null(); }))
      columns.push_back(c);
  Json names = Json::array(), rows = Json::array();
  for (const std::size_t c : columns) names.push_back(metrics.columns[c]);
  for (std::size_t r = 0; r < count; ++r) {
    if (stride > 1 && r % stride != 0 && r + 1 != count) continue;
    Json cells = Json::array();
    for (const std::size_t c : columns) cells.push_back(number(metrics.rows[r][c]));
    rows.push_back(std::move(cells));
  }
  return {{"columns", names}, {"rows", rows}};
}

/// The threshold with the highest IoU of the validation split in the best epoch; 0.3 without one.
double threshold_of(const Metrics& metrics) {
  constexpr std::string_view prefix = "iou_at_";
  const auto mean = std::ranges::find(metrics.columns, "mean_iou");
  if (mean == metrics.columns.end()) return 0.3;
  const auto mean_column = std::size_t(mean - metrics.columns.begin());
  double best_mean = -1, threshold = 0.3;
  for (const auto& row : metrics.rows) {
    const Json value = number(row[mean_column]);
    if (value.is_null() || value.get<double>() <= best_mean) continue;
    best_mean = value.get<double>();
    double best = -1;
    for (std::size_t c = 0; c < metrics.columns.size(); ++c) {
      if (!metrics.columns[c].starts_with(prefix)) continue;
      const Json at = number(metrics.columns[c].substr(prefix.size())), iou = number(row[c]);
      if (at.is_null() || iou.is_null() || iou.get<double>() <= best) continue;
      best = iou.get<double>();
      threshold = at.get<double>();
    }
  }
  return threshold;
}

Json config_of(const RunFolder& run, std::vector<std::string>& notes) {
  Json values = Json::object();
  try {
    for (const ConfigKey& key : config_keys(load_config(run.config())))
      values[key.name] = key.value;
  } catch (const Error& error) {
    notes.push_back(error.what());
  }
  return values;
}

/// A baseline's mean of a row at its own best threshold.
double at_best(const nlohmann::json& table, const nlohmann::json& row) {
  const auto overall = table.at("overall").at("iou").get<std::vector<double>>();
  const auto best = std::size_t(std::ranges::max_element(overall) - overall.begin());
  return row.at("iou").at(best).get<double>();
}

/// One file of `pix2vox test --json` as a table.
Json measures_of(const nlohmann::json& result, const std::string& file) {
  const nlohmann::json& model = result.at("model");
  Json columns = Json::array();
  for (const double t : model.at("thresholds")) columns.push_back(concat("IoU at ", t));
  const nlohmann::json* baselines =
      result.contains("baselines") ? &result.at("baselines") : nullptr;
  std::vector<std::pair<std::string, std::string>> shown;
  if (baselines)
    for (const auto& each : {std::pair{"mean_shape", "mean shape"},
                             std::pair{"category_mean_shape", "mean of category"},
                             std::pair{"best_training_shape", "best training shape"}})
      if (baselines->contains(each.first)) shown.emplace_back(each);
  for (const auto& [key, title] : shown) columns.push_back(title);

  Json rows = Json::array();
  const auto add = [&](const std::string& name, const nlohmann::json& row, const auto& same_row,
                       bool strong) {
    Json values = row.at("iou");
    for (const auto& [key, title] : shown) {
      const nlohmann::json& table = baselines->at(key);
      values.push_back(at_best(table, same_row(table)));
    }
    rows.push_back(
        {{"name", name}, {"objects", row.at("objects")}, {"values", values}, {"strong", strong}});
  };
  for (const auto& [name, row] : model.at("categories").items()) {
    const auto same_row = [&name = name](const auto& table) {
      return table.at("categories").at(name);
    };
    add(name, row, same_row, false);
  }
  for (const auto& [key, name] : {std::pair{"overall", "overall"},
                                  std::pair{"mean_over_categories", "mean over categories"}}) {
    const auto same_row = [&key = key](const auto& table) { return table.at(key); };
    add(name, model.at(key), same_row, true);
  }

  std::string title = concat("split ", result.value("split", std::string("?")));
  if (result.contains("views")) title += concat(", views: ", result.at("views").get<int>());
  std::string note =
      concat("IoU: voxels in both / voxels in either, mean over objects (", file, "). ");
  if (baselines)
    note +=
        "Baselines look at no picture: the mean of all training volumes, that of the true "
        "category, and the training shape nearest to the truth, each at its best threshold; the "
        "last two are told the answer in part.";
  return {{"title", title}, {"columns", columns}, {"rows", rows}, {"note", note}};
}

Json tables_of(const RunFolder& run, std::vector<std::string>& notes) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run.results(), error))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::ranges::sort(files);
  Json tables = Json::array();
  for (const fs::path& file : files) {
    try {
      const std::vector<std::uint8_t> bytes = read_file(file, std::size_t{4} << 20);
      tables.push_back(
          measures_of(nlohmann::json::parse(bytes.begin(), bytes.end()), file.filename().string()));
    } catch (const std::exception& problem) {
      notes.push_back(concat(file.filename().string(), ": no results of test: ", problem.what()));
    }
  }
  return tables;
}

}  // namespace

std::string run_name(const fs::path& folder) {
  fs::path path = fs::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

Json run_data(const fs::path& folder) {
  const RunFolder run{folder};
  check<ConfigError>(exists(run.config()) || exists(run.metrics()), folder.string(),
                     ": no run: it has neither config.yaml nor metrics.csv");
  std::vector<std::string> notes;
  const Metrics metrics = read_metrics(run.metrics()), categories = read_metrics(run.categories());
  Json data{{"name", run_name(folder)}};
  data["config"] = config_of(run, notes);
  data["threshold"] = threshold_of(metrics);
  data["metrics"] = table_of(metrics, notes, "metrics.csv");
  data["categories"] = table_of(categories, notes, "categories.csv");
  data["tables"] = tables_of(run, notes);
  data["samples"] = nullptr;
  data["gallery"] = Json::array();
  data["notes"] = notes;
  return data;
}

}  // namespace voxgrad
