#include <cstring>
#include <limits>
#include <string>
#include <thread>

#include "tests/cpu/kernel_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {
const MemoryOps& ops = cpu::memory_ops;
}

TEST_CASE("blocks are aligned, writable and counted") {
  const MemoryStatistics before = ops.statistics(0);
  std::size_t in_use = before.in_use;
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (const std::size_t bytes : {0, 1, 63, 64, 65, 511, 512, 513, 5000, 100001, 1 << 20}) {
    void* block = ops.allocate(bytes, 0);
    CHECK(reinterpret_cast<std::uintptr_t>(block) % 64 == 0);
    std::memset(block, 0x5A, bytes);
    const std::size_t now = ops.statistics(0).in_use;
    CHECK(now - in_use >= bytes);
    CHECK(now - in_use <= std::max<std::size_t>(64, bytes + std::max<std::size_t>(63, bytes / 8)));
    in_use = now;
    blocks.emplace_back(block, bytes);
  }
  for (const auto& [block, bytes] : blocks) ops.release(block, bytes, 0);
  CHECK(ops.statistics(0).in_use == before.in_use);
}

TEST_CASE("released blocks are used again, and trim gives them back") {
  ops.trim(0);
  const std::size_t bytes = 3'000'001;
  void* first = ops.allocate(bytes, 0);
  ops.release(first, bytes, 0);
  const MemoryStatistics cached = ops.statistics(0);
  void* second = ops.allocate(bytes - 1000, 0);  // the same size class
  CHECK(second == first);
  CHECK(ops.statistics(0).system_allocations == cached.system_allocations);
  CHECK(ops.statistics(0).reserved == cached.reserved);
  ops.release(second, bytes - 1000, 0);
  ops.trim(0);
  CHECK(ops.statistics(0).reserved <= cached.reserved - bytes);
}

TEST_CASE("the peak is kept until it is reset") {
  ops.reset_peak(0);
  const std::size_t start = ops.statistics(0).in_use;
  CHECK(ops.statistics(0).peak_in_use == start);
  void* block = ops.allocate(1 << 20, 0);
  ops.release(block, 1 << 20, 0);
  CHECK(ops.statistics(0).peak_in_use >= start + (1 << 20));
  ops.reset_peak(0);
  CHECK(ops.statistics(0).peak_in_use == ops.statistics(0).in_use);
}

TEST_CASE("too much is an error with sizes, and changes nothing") {
  const MemoryStatistics before = ops.statistics(0);
  for (const std::size_t bytes :
       {std::numeric_limits<std::size_t>::max() / 8, std::numeric_limits<std::size_t>::max()}) {
    std::string message;
    try {
      ops.allocate(bytes, 0);
    } catch (const DeviceError& error) {
      message = error.what();
    }
    CHECK(message.find(std::to_string(bytes)) != std::string::npos);
    CHECK(message.find("in use") != std::string::npos);
  }
  CHECK(ops.statistics(0).in_use == before.in_use);
}

TEST_CASE("the k-th allocation fails when a test asks for it, once") {
  ops.fail_allocation(3, 0);
  const Tensor first({10}), second({10});
  CHECK_THROWS_AS(Tensor({10}), DeviceError);
  CHECK_NOTHROW(Tensor({10}));
  ops.fail_allocation(1, 0);
  ops.fail_allocation(0, 0);
  CHECK_NOTHROW(Tensor({10}));
}

TEST_CASE("threads may allocate at once") {
  const std::size_t before = ops.statistics(0).in_use;
  std::vector<std::thread> threads;
  for (int id = 0; id < 4; ++id)
    threads.emplace_back([id] {
      Rng rng(61, {std::uint64_t(id)});
      for (int i = 0; i < 2000; ++i) {
        const std::size_t bytes = rng.below(5000) + 1;
        auto* block = static_cast<unsigned char*>(ops.allocate(bytes, 0));
        std::memset(block, id, bytes);
        if (block[bytes - 1] != id || block[0] != id) std::abort();
        ops.release(block, bytes, 0);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(ops.statistics(0).in_use == before);
}
