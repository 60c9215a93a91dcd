#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <thread>

#include "tests/cpu/kernel_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {
const MemoryOps& ops = cpu::memory_ops();
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

#ifndef __SANITIZE_ADDRESS__
TEST_CASE("large blocks of any size follow each other in the same memory") {
  ops.trim(0);
  constexpr std::size_t mb = 1 << 20;
  std::vector<char*> blocks;
  for (int i = 0; i < 4; ++i) blocks.push_back(static_cast<char*>(ops.allocate(10 * mb, 0)));
  const MemoryStatistics taken = ops.statistics(0);
  ops.release(blocks[1], 10 * mb, 0);
  ops.release(blocks[2], 10 * mb, 0);
  char* const both = static_cast<char*>(ops.allocate(18 * mb, 0));  // where two were
  CHECK(both == std::min(blocks[1], blocks[2]));
  char* const rest = static_cast<char*>(ops.allocate(2 * mb, 0));
  CHECK(rest == both + 18 * mb);
  std::memset(both, 1, 18 * mb);
  std::memset(rest, 2, 2 * mb);
  CHECK(both[18 * mb - 1] == 1);
  CHECK(ops.statistics(0).system_allocations == taken.system_allocations);
  CHECK(ops.statistics(0).reserved == taken.reserved);
  ops.release(both, 18 * mb, 0);
  char* const small = static_cast<char*>(ops.allocate(3 * mb, 0));
  char* const large = static_cast<char*>(ops.allocate(40 * mb, 0));  // fits nowhere: fresh memory
  std::memset(large, 3, 40 * mb);
  CHECK(ops.statistics(0).reserved > taken.reserved);
  CHECK(ops.statistics(0).reserved <= taken.reserved + 40 * mb);
  for (char* block : {blocks[0], blocks[3]}) ops.release(block, 10 * mb, 0);
  ops.release(rest, 2 * mb, 0);
  ops.release(small, 3 * mb, 0);
  ops.release(large, 40 * mb, 0);
  const std::size_t before = ops.statistics(0).reserved;
  ops.trim(0);
  CHECK(ops.statistics(0).reserved <= before - 60 * mb);
}

TEST_CASE("random large blocks never overlap") {
  Rng rng(62);
  struct Block {
    unsigned char* start;
    std::size_t bytes;
    unsigned char mark;
  };
  std::vector<Block> blocks;
  const std::size_t before = ops.statistics(0).in_use;
  for (int i = 0; i < 400; ++i) {
    if (blocks.size() > 20 || (!blocks.empty() && rng.below(2) == 0)) {
      const std::size_t chosen = rng.below(blocks.size());
      const Block block = blocks[chosen];
      CHECK(std::all_of(block.start, block.start + block.bytes,
                        [&](unsigned char byte) { return byte == block.mark; }));
      ops.release(block.start, block.bytes, 0);
      blocks.erase(blocks.begin() + std::ptrdiff_t(chosen));
    } else {
      const std::size_t bytes = 300'000 + rng.below(2'000'000);
      auto* start = static_cast<unsigned char*>(ops.allocate(bytes, 0));
      std::memset(start, i & 255, bytes);
      blocks.push_back({start, bytes, static_cast<unsigned char>(i & 255)});
    }
    if (i % 100 == 99) ops.trim(0);
  }
  for (const Block& block : blocks) ops.release(block.start, block.bytes, 0);
  CHECK(ops.statistics(0).in_use == before);
}
#endif

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
