#include "apps/terminal/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>

namespace voxgrad::apps {

namespace {

/// Of the terminal; 80 where it does not say.
std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO) != 0) {}

void ProgressLine::show(const std::string& text) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (shown_ > 0 && now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  clear();
  // A line that wraps could not be drawn over.
  const std::string line = text.substr(0, columns());
  std::cerr << line << std::flush;
  shown_ = std::max<std::size_t>(1, line.size());
  shown_columns_ = terminal_columns();
}

std::size_t ProgressLine::columns() const {
  return terminal_ ? std::max<std::size_t>(2, terminal_columns()) - 1 : 80;
}

void ProgressLine::clear() {
  if (shown_ == 0) return;
  const std::size_t columns = std::max<std::size_t>(1, terminal_columns());
  // A terminal that has become narrower has broken the line into several.
  const std::size_t broken = columns < shown_columns_ ? (shown_ - 1) / columns : 0;
  if (broken > 0) std::cerr << "\x1b[" << broken << 'A';
  std::cerr << (broken > 0 ? "\r\x1b[J" : "\r\x1b[K");
  shown_ = 0;
}

void ProgressLine::count(const std::string& label, std::int64_t done, std::int64_t total) {
  const double share = total > 0 ? double(done) / double(total) : 1;
  const std::string text = fmt::format("{} {}/{}", label, done, total);
  if (terminal_) {
    show(fmt::format("{} {}", bar(share), text));
  } else if (const auto quarter = std::int64_t(share * 4); quarter != last_quarter_) {
    last_quarter_ = quarter;
    std::cerr << text << '\n';
  }
  if (done == total) {
    finish();
    last_quarter_ = -1;
  }
}

void ProgressLine::print(const std::string& text) {
  finish();
  std::cerr << text << '\n';
}

void ProgressLine::finish() {
  clear();
  std::cerr << std::flush;
}

std::string format_seconds(double seconds) {
  const auto total = std::int64_t(std::llround(std::clamp(seconds, 0.0, 1e9)));
  if (total >= 3600)
    return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

std::string bar(double share, int width) {
  const int full = int(std::lround(std::clamp(share, 0.0, 1.0) * width));
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
}

}  // namespace voxgrad::apps
