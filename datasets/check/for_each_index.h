// A loop on several threads whose first error, by index, is thrown at its end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <mutex>

namespace voxgrad {

/// Calls task(0..count-1) on several threads; rethrows the error of the lowest index.
template <class Task>
void for_each_index(std::int64_t count, int threads, const Task& task) {
  std::mutex mutex;
  std::int64_t failed = count;
  std::exception_ptr error;
#pragma omp parallel for schedule(dynamic) num_threads(std::max(threads, 1))
  for (std::int64_t i = 0; i < count; ++i) {
    try {
      task(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (i < failed) {
        failed = i;
        error = std::current_exception();
      }
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace voxgrad
