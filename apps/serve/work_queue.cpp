#include "apps/serve/work_queue.h"

#include <algorithm>
#include <cmath>

namespace voxgrad::apps {

WorkQueue::~WorkQueue() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    jobs_.clear();
  }
  changed_.notify_all();
  thread_.join();
}

bool WorkQueue::submit(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() >= max_waiting_) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

int WorkQueue::seconds_to_wait() const {
  const std::lock_guard lock(mutex_);
  return std::clamp(int(std::ceil(mean_seconds_ * double(jobs_.size()))), 1, 120);
}

void WorkQueue::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    const auto start = std::chrono::steady_clock::now();
    job();
    job = nullptr;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    lock.lock();
    mean_seconds_ = mean_seconds_ == 0 ? took.count() : 0.8 * mean_seconds_ + 0.2 * took.count();
  }
}

}  // namespace voxgrad::apps
