#include "apps/signals.h"

#include <unistd.h>

#include <csignal>

namespace voxgrad::apps {
namespace {

std::atomic<bool> stop{false};
std::atomic<int> received{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void handle(int signal) {
  if (received.exchange(signal) != 0) _exit(128 + signal);
  stop = true;
}

}  // namespace

const std::atomic<bool>& watch_signals() {
  struct sigaction action {};
  action.sa_handler = handle;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return stop;
}

int signal_exit_code() {
  return received == 0 ? 0 : 128 + received;
}

}  // namespace voxgrad::apps
