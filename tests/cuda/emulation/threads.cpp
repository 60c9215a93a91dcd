// The threads of a block as fibers. A fiber runs threads from beginning to end, one after the
// other, as long as none waits; one that waits (for its block or its warp) keeps its fiber and
// another fiber continues. Switching is setjmp and longjmp, which need no system call.
#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <numeric>
#include <vector>

#include "tests/cuda/emulation/guarded_memory.h"
#include "tests/cuda/emulation/include/cuda_runtime.h"
#include "tests/cuda/emulation/shared_memory.h"

dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace voxgrad::emulation {
namespace {

constexpr std::size_t kStack = 256 * 1024;
constexpr std::size_t kSharedLimit = 227 * 1024;
constexpr unsigned kMostThreads = 1024;

enum class State { fresh, idle, running, at_block_barrier, at_warp_exchange };

struct Fiber {
  std::unique_ptr<char[]> stack{new char[kStack]};
  ucontext_t start;
  jmp_buf here;
  State state = State::fresh;
  unsigned thread = 0;
};

[[noreturn]] void stop(const char* reason) {
  std::fprintf(stderr, "emulated CUDA: %s: block %u,%u,%u, thread %u,%u,%u\n", reason, blockIdx.x,
               blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
  std::abort();
}

class Block {
 public:
  void run(unsigned threads, const std::vector<unsigned>& order, ThreadBody body, void* argument) {
    threads_ = threads;
    order_ = &order;
    body_ = body;
    argument_ = argument;
    started_ = finished_ = 0;
    while (finished_ < threads_) {
      while (started_ < threads_) resume(free_fiber());
      if (finished_ < threads_) wake();
    }
  }

  void wait(State state) {
    Fiber* fiber = current_;
    fiber->state = state;
    if (_setjmp(fiber->here) == 0) _longjmp(scheduler_, 1);
  }

  const std::uint64_t* show(std::uint64_t value) {
    values_[current_->thread] = value;
    wait(State::at_warp_exchange);
    return values_ + current_->thread / 32 * 32;
  }
  // Nobody overwrites what another has yet to read.
  void end_show() { wait(State::at_warp_exchange); }

  std::uint64_t exchange(std::uint64_t value, int source) {
    const std::uint64_t* shown = show(value);
    const bool there = current_->thread / 32 * 32 + unsigned(source) < threads_;
    const std::uint64_t result = there ? shown[source] : value;
    end_show();
    return result;
  }

 private:
  static void fiber_main() {
    for (;;) instance().run_threads();
  }

  void run_threads() {
    while (started_ < threads_) {
      start_thread((*order_)[started_++]);
      body_(argument_);
      ++finished_;
    }
    wait(State::idle);
  }

  void start_thread(unsigned thread) {
    current_->thread = thread;
    place(thread);
  }

  static void place(unsigned thread) {
    threadIdx.x = thread % blockDim.x;
    threadIdx.y = thread / blockDim.x % blockDim.y;
    threadIdx.z = thread / blockDim.x / blockDim.y;
  }

  void resume(Fiber* fiber) {
    current_ = fiber;
    const bool fresh = fiber->state == State::fresh;
    fiber->state = State::running;
    if (_setjmp(scheduler_) != 0) return;
    if (!fresh) {
      place(fiber->thread);
      _longjmp(fiber->here, 1);
    }
    getcontext(&fiber->start);
    fiber->start.uc_stack.ss_sp = fiber->stack.get();
    fiber->start.uc_stack.ss_size = kStack;
    fiber->start.uc_link = nullptr;
    makecontext(&fiber->start, fiber_main, 0);
    setcontext(&fiber->start);
  }

  Fiber* free_fiber() {
    for (const auto& fiber : fibers_)
      if (fiber->state == State::idle || fiber->state == State::fresh) return fiber.get();
    fibers_.push_back(std::make_unique<Fiber>());
    return fibers_.back().get();
  }

  // Nobody can continue: lets those pass whose wait is over.
  void wake() {
    std::vector<Fiber*> waiting(threads_, nullptr);
    unsigned at_barrier = 0;
    for (const auto& fiber : fibers_) {
      if (fiber->state == State::idle || fiber->state == State::fresh) continue;
      waiting[fiber->thread] = fiber.get();
      at_barrier += fiber->state == State::at_block_barrier ? 1 : 0;
    }
    if (at_barrier == threads_) return resume_all(waiting, 0, threads_);
    bool woken = false;
    for (unsigned first = 0; first < threads_; first += 32) {
      const unsigned end = std::min(first + 32, threads_);
      bool complete = true;
      for (unsigned t = first; t < end; ++t)
        complete = complete && waiting[t] && waiting[t]->state == State::at_warp_exchange;
      if (!complete) continue;
      resume_all(waiting, first, end);
      woken = true;
    }
    if (!woken) stop("threads wait for others that have left the kernel or wait elsewhere");
  }

  void resume_all(const std::vector<Fiber*>& waiting, unsigned first, unsigned end) {
    for (const unsigned thread : *order_)
      if (thread >= first && thread < end) resume(waiting[thread]);
  }

 public:
  static Block& instance() {
    static Block block;
    return block;
  }

 private:
  std::vector<std::unique_ptr<Fiber>> fibers_;
  Fiber* current_ = nullptr;
  jmp_buf scheduler_;
  std::uint64_t values_[kMostThreads] = {};
  unsigned threads_ = 0, started_ = 0, finished_ = 0;
  const std::vector<unsigned>* order_ = nullptr;
  ThreadBody body_ = nullptr;
  void* argument_ = nullptr;
};

Order chosen_order = Order::forward;

std::vector<unsigned> ordered(unsigned count) {
  std::vector<unsigned> order(count);
  std::iota(order.begin(), order.end(), 0u);
  if (chosen_order == Order::reverse) std::reverse(order.begin(), order.end());
  std::uint32_t random = 12345;
  for (unsigned i = count; chosen_order == Order::shuffled && i > 1; --i) {
    random = random * 1664525u + 1013904223u;
    std::swap(order[i - 1], order[std::uint64_t(random) * i >> 32]);
  }
  return order;
}

}  // namespace

void set_order(Order order) {
  chosen_order = order;
}

cudaError_t run_grid(const cudaLaunchConfig_t& config, const void* kernel, ThreadBody body,
                     void* argument) {
  static std::mutex one_grid_at_a_time;
  const std::lock_guard lock(one_grid_at_a_time);
  const dim3 grid = config.gridDim, block = config.blockDim;
  const std::uint64_t threads = std::uint64_t(block.x) * block.y * block.z;
  if (threads == 0 || threads > kMostThreads || block.z > 64 || grid.x == 0 || grid.y == 0 ||
      grid.z == 0 || grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535 ||
      config.dynamicSmemBytes > kSharedLimit)
    return cudaErrorInvalidConfiguration;
  blockDim = block;
  gridDim = grid;
  const std::vector<std::span<char>> shared = shared_memory_of(kernel);
  const std::vector<unsigned> order = ordered(unsigned(threads));
  const std::vector<unsigned> block_order = ordered(unsigned(grid.x));
  for (unsigned z = 0; z < grid.z; ++z)
    for (unsigned y = 0; y < grid.y; ++y)
      for (const unsigned x : block_order) {
        blockIdx = dim3(x, y, z);
        for (const std::span<char> variable : shared) poison(variable);
        Block::instance().run(unsigned(threads), order, body, argument);
      }
  return guards_intact() ? cudaSuccess : cudaErrorIllegalAddress;
}

std::uint64_t exchange(std::uint64_t value, int source) {
  return Block::instance().exchange(value, source);
}

const std::uint64_t* show(std::uint64_t value) {
  return Block::instance().show(value);
}

void end_show() {
  Block::instance().end_show();
}

void wait_for_block() {
  Block::instance().wait(State::at_block_barrier);
}

}  // namespace voxgrad::emulation

void __syncthreads() {
  voxgrad::emulation::wait_for_block();
}

void __syncwarp(unsigned) {
  voxgrad::emulation::exchange(0, 0);
}
