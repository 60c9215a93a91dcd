// Progress on stderr: one line redrawn on a terminal, a plain line now and then off it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace voxgrad::apps {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { finish(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool terminal() const { return terminal_; }
  /// Characters that a line may have; 80 off a terminal.
  std::size_t columns() const;
  /// On a terminal: shows the text in place of the last one, at most ten times per second.
  /// Off a terminal: nothing.
  void show(const std::string& text);
  /// "label 120/442 objects", with a bar on a terminal; off it a line at every quarter.
  void count(const std::string& label, std::int64_t done, std::int64_t total);
  /// A line that stays.
  void print(const std::string& text);
  /// Removes the redrawn line.
  void finish();

 private:
  bool terminal_;
  void clear();

  std::size_t shown_ = 0;          // characters of the redrawn line
  std::size_t shown_columns_ = 0;  // of the terminal when it was drawn
  std::int64_t last_quarter_ = -1;
  std::chrono::steady_clock::time_point last_{};
};

/// "1:02:03", "4:05".
std::string format_seconds(double seconds);
/// "[#####.....]" of the given width.
std::string bar(double share, int width = 24);

}  // namespace voxgrad::apps
