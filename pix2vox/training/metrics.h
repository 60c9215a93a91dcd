// metrics.csv: one row per epoch, columns found by their names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace voxgrad {

/// A row: names of columns and their cells, in order. The first one is "epoch".
using MetricsRow = std::vector<std::pair<std::string, std::string>>;

/// Puts a row into the file, in place of one of the same epoch. Rows of other epochs stay, those of
/// later ones too, with any columns: a column that only some rows know is empty in the
/// others. Lines that are no rows stay as they are, after the header. Written atomically.
void put_metrics(const std::filesystem::path& file, const MetricsRow& row);

/// What programs read from the file.
struct Metrics {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // by rising epoch, each as long as columns
};

/// Empty if there is no such file, or none with a header that begins with "epoch".
Metrics read_metrics(const std::filesystem::path& file);

/// "2026-11-30T22:05:09+0100": the time of day, to the second, with its offset.
std::string time_of_day();

}  // namespace voxgrad
