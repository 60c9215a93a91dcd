#include "pix2vox/training/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <map>
#include <sstream>

#include "io/file.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

using Cells = std::vector<std::string>;

Cells split(const std::string& line) {
  Cells cells(1);
  for (const char c : line)
    if (c == ',')
      cells.emplace_back();
    else if (c != '\r')
      cells.back() += c;
  return cells;
}

std::string join(const Cells& cells) {
  std::string line;
  for (const std::string& cell : cells) line += (&cell == cells.data() ? "" : ",") + cell;
  return line + '\n';
}

/// 0 for what is no epoch.
std::int64_t epoch_in(const std::string& cell) {
  std::int64_t epoch = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), epoch);
  return error == std::errc() && end == cell.data() + cell.size() && epoch > 0 ? epoch : 0;
}

struct Table {
  Cells columns;
  std::map<std::int64_t, Cells> rows;  // by epoch
  std::string others;                  // lines that are no rows

  std::size_t column(const std::string& name) {
    const auto place = std::ranges::find(columns, name);
    if (place != columns.end()) return std::size_t(place - columns.begin());
    columns.push_back(name);
    return columns.size() - 1;
  }
  void put(std::int64_t epoch, const MetricsRow& row) {
    Cells& cells = rows[epoch];
    cells.clear();
    for (const auto& [name, value] : row) {
      const std::size_t c = column(name);
      cells.resize(std::max(cells.size(), c + 1));
      cells[c] = value;
    }
  }
};

void read(const std::filesystem::path& file, Table& table) {
  const std::vector<std::uint8_t> bytes = read_file(file, std::size_t{64} << 20);
  std::istringstream lines(std::string(bytes.begin(), bytes.end()));
  std::string line;
  if (!std::getline(lines, line)) return;
  const Cells header = split(line);
  const bool known = header[0] == "epoch";
  if (known)
    for (const std::string& name : header) table.column(name);
  else
    table.others += line + '\n';
  while (std::getline(lines, line)) {
    const Cells cells = split(line);
    const std::int64_t epoch = epoch_in(cells[0]);
    if (!known || epoch == 0 || cells.size() > header.size() || table.rows.contains(epoch)) {
      table.others += line + '\n';
      continue;
    }
    MetricsRow row;
    for (std::size_t c = 0; c < cells.size(); ++c) row.emplace_back(header[c], cells[c]);
    table.put(epoch, row);
  }
}

}  // namespace

void put_metrics(const std::filesystem::path& file, const MetricsRow& row) {
  check(!row.empty() && row[0].first == "epoch", "[metrics] a row begins with its epoch");
  // The new row's columns come first and in its order; those that it lacks stand at the end.
  Table table;
  for (const auto& [name, value] : row) table.column(name);
  if (exists(file)) read(file, table);
  const std::int64_t epoch = epoch_in(row[0].second);
  check(epoch > 0, "[metrics] epochs count from 1, got \"", row[0].second, '"');
  table.put(epoch, row);
  std::string text = join(table.columns) + table.others;
  for (auto& [number, cells] : table.rows) {
    cells.resize(table.columns.size());
    text += join(cells);
  }
  write_file_atomically(file, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

Metrics read_metrics(const std::filesystem::path& file) {
  Table table;
  if (exists(file)) read(file, table);
  Metrics result{std::move(table.columns), {}};
  for (auto& [epoch, cells] : table.rows) {
    cells.resize(result.columns.size());
    result.rows.push_back(std::move(cells));
  }
  return result;
}

std::string time_of_day() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S%z", &local);
  return text.data();
}

}  // namespace voxgrad
