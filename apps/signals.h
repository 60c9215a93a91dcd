// SIGINT and SIGTERM: the first asks the running work to finish its step and save, a second one
// stops at once.
#pragma once

#include <atomic>

namespace voxgrad::apps {

/// Installs the handlers; the flag turns true on the first signal.
const std::atomic<bool>& watch_signals();
/// 130 after SIGINT, 143 after SIGTERM, 0 before any.
int signal_exit_code();

}  // namespace voxgrad::apps
