// One thread that works off jobs in the order in which they came; no more than a few may wait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace voxgrad::apps {

class WorkQueue {
 public:
  explicit WorkQueue(std::size_t max_waiting) : max_waiting_(max_waiting) {}
  ~WorkQueue();  // finishes the running job; those that wait are dropped
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  /// False if too many wait. Jobs must not throw.
  bool submit(std::function<void()> job);
  /// For how long a new job would wait, as the last ones suggest; at least 1.
  int seconds_to_wait() const;

 private:
  void work();

  const std::size_t max_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  double mean_seconds_ = 0;
  bool ending_ = false;
  std::thread thread_{[this] { work(); }};  // last: it uses the others
};

}  // namespace voxgrad::apps
