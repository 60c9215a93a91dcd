#include "apps/terminal/training_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/terminal/progress.h"

namespace voxgrad::apps {
namespace {

/// Four significant digits, so that a loss of 1e-5 is no 0.0000.
std::string number(double value) {
  return value != 0 && (value < 0.001 || value >= 1e5) ? fmt::format("{:.2e}", value)
                                                       : fmt::format("{:.4f}", value);
}

std::string number(const std::optional<double>& value) {
  return value ? number(*value) : "-";
}

std::string speed(double per_second) {
  return per_second < 10 ? fmt::format("{:.2f}", per_second) : fmt::format("{:.1f}", per_second);
}

/// A piece of a line; those of the lowest rank are left out first.
struct Piece {
  int rank;
  std::string text;
};

std::size_t width_of(const std::vector<Piece>& pieces) {
  std::size_t width = 0;
  for (const Piece& piece : pieces) width += piece.text.size() + 1;
  return width == 0 ? 0 : width - 1;
}

void leave_out_until_it_fits(std::vector<Piece>& pieces, std::size_t columns) {
  while (width_of(pieces) > columns && pieces.size() > 1)
    pieces.erase(std::ranges::min_element(pieces, {}, &Piece::rank));
}

std::string joined(const std::vector<Piece>& pieces) {
  std::string line;
  for (const Piece& piece : pieces) line += (line.empty() ? "" : " ") + piece.text;
  return line;
}

struct Column {
  int rank;
  std::string title;
  int width;
  std::string cell;
};

std::vector<Column> columns_of(const EpochRow& row, bool refined, bool validated) {
  std::vector<Column> columns{{10, "epoch", 9, fmt::format("{}/{}", row.epoch, row.epochs)},
                              {9, "loss", 8, number(row.loss)}};
  if (refined) columns.push_back({5, "refined", 8, number(row.loss_refined)});
  if (validated) {
    columns.push_back({6, "val loss", 8, number(row.validation_loss)});
    columns.push_back({8, "IoU", 7, number(row.iou)});
    columns.push_back({4, "best at t", 12,
                       row.best_iou && row.threshold
                           ? fmt::format("{:.4f} {:.2f}", *row.best_iou, *row.threshold)
                           : "-"});
  }
  columns.push_back({3, "obj/s", 6, speed(row.samples_per_second)});
  columns.push_back({2, "wait", 4, fmt::format("{:.0f}%", 100 * row.data_wait_share)});
  columns.push_back({7, "time", 7, format_seconds(row.seconds)});
  return columns;
}

}  // namespace

std::string training_line(const TrainingMoment& m, std::size_t columns) {
  const double share =
      m.batches > 0 && m.epochs > 0
          ? (double(m.epoch - 1) + double(m.batch) / double(m.batches)) / double(m.epochs)
          : 0;
  std::vector<Piece> pieces{{5, bar(share, 10)},
                            {10, fmt::format("epoch {}/{}", m.epoch, m.epochs)},
                            {6, fmt::format("batch {}/{}", m.batch, m.batches)},
                            {9, "loss " + number(m.loss)}};
  if (m.loss_refined) pieces.back().text += "/" + number(*m.loss_refined);
  if (m.iou) pieces.push_back({7, "IoU " + number(*m.iou)});
  pieces.push_back({4, speed(m.samples_per_second) + "/s"});
  pieces.push_back({3, fmt::format("wait {:.0f}%", 100 * m.data_wait_share)});
  if (m.memory_bytes) pieces.push_back({2, format_bytes(*m.memory_bytes)});
  pieces.push_back({8, "left " + format_seconds(m.seconds_left)});
  leave_out_until_it_fits(pieces, columns);
  return joined(pieces).substr(0, columns);
}

std::string EpochTable::row(const EpochRow& row, std::size_t columns) {
  std::vector<Piece> titles, cells;
  for (const Column& column : columns_of(row, refined_, validated_)) {
    titles.push_back({column.rank, fmt::format("{:>{}}", column.title, column.width)});
    cells.push_back({column.rank, fmt::format("{:>{}}", column.cell, column.width)});
  }
  // The titles decide, so that all rows below them have the same columns.
  const std::size_t room = columns > 2 ? columns - 2 : columns;
  while (width_of(titles) > room && titles.size() > 1) {
    const auto least = std::ranges::min_element(titles, {}, &Piece::rank) - titles.begin();
    titles.erase(titles.begin() + least);
    cells.erase(cells.begin() + least);
  }
  std::string text;
  if (joined(titles) != titles_) {
    titles_ = joined(titles);
    text = titles_ + '\n';
  }
  return text + joined(cells) + (row.best ? " *" : "");
}

std::string format_bytes(double bytes) {
  constexpr double mib = 1 << 20, gib = 1 << 30;
  if (bytes >= gib) return fmt::format("{:.1f} GiB", bytes / gib);
  return fmt::format("{:.0f} MiB", bytes / mib);
}

}  // namespace voxgrad::apps
