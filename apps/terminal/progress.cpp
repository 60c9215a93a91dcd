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
  if (shown_ && now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  shown_ = true;
  // A line that wraps could not be drawn over.
  std::cerr << "\r\x1b[K" << text.substr(0, terminal_columns() - 1) << std::flush;
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
  if (shown_) std::cerr << "\r\x1b[K" << std::flush;
  shown_ = false;
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
