#include "apps/terminal/signals.h"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>

namespace voxgrad::apps {
namespace {

std::atomic<bool> stop{false};
std::atomic<int> received{0};
std::atomic<const char*> message{nullptr};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free &&
              std::atomic<const char*>::is_always_lock_free);

// Only calls that are safe in a signal handler.
void handle(int signal) {
  if (received.exchange(signal) != 0) _exit(128 + signal);
  stop = true;
  const int error = errno;
  if (const char* text = message.load()) {
    const bool written = ::write(STDERR_FILENO, text, std::strlen(text)) >= 0;
    static_cast<void>(written);  // nobody is left to be told
  }
  errno = error;
}

}  // namespace

const std::atomic<bool>& watch_signals(const char* heard) {
  message = heard;
  struct sigaction action {};
  action.sa_handler = handle;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    // nohup and background jobs of a shell are not to hear some of them.
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
  return stop;
}

int signal_exit_code() {
  return received == 0 ? 0 : 128 + received;
}

void stop_if_asked() {
  if (stop) throw Interrupted();
}

void ignore_file_size_signal() {
  std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace voxgrad::apps
