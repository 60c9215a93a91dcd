// Signals that ask the program to end: the first one is heard at once, the running work finishes
// its step and keeps what is done; a second one stops at once.
#pragma once

#include <atomic>
#include <exception>

namespace voxgrad::apps {

/// Watches SIGINT, SIGTERM and SIGHUP; the flag turns true on the first of them, when `heard`, a
/// line that lives as long as the program, is written to standard error.
const std::atomic<bool>& watch_signals(const char* heard);
/// 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP, 0 before any.
int signal_exit_code();

/// Ends an action that has no result to give; the exit code is signal_exit_code().
class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};
/// Throws Interrupted once a watched signal has come.
void stop_if_asked();

/// A file that may not grow (ulimit -f) is an error of writing, as a full disk is, instead of the
/// end of the program.
void ignore_file_size_signal();

}  // namespace voxgrad::apps
