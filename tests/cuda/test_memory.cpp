#include <algorithm>
#include <limits>
#include <string>
#include <thread>

#include "tensor/captured_graph.h"
#include "tests/cuda/device_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("blocks are aligned, counted and used again; trim gives them back") {
  if (no_device()) return;
  const ExactMemory cached_memory(false);
  const MemoryOps& ops = gpu().memory;
  ops.trim(0);
  const MemoryStatistics before = ops.statistics(0);
  std::size_t in_use = before.in_use;
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (const std::size_t bytes : {0, 1, 255, 256, 257, 2048, 2049, 5000, 100001, 3000001}) {
    void* block = ops.allocate(bytes, 0);
    CHECK(reinterpret_cast<std::uintptr_t>(block) % 256 == 0);
    const std::size_t now = ops.statistics(0).in_use;
    CHECK(now - in_use >= std::max<std::size_t>(1, bytes));
    CHECK(now - in_use <= bytes + std::max<std::size_t>(256, bytes / 8));
    in_use = now;
    blocks.emplace_back(block, bytes);
  }
  for (const auto& [block, bytes] : blocks) ops.release(block, bytes, 0);
  const MemoryStatistics cached = ops.statistics(0);
  CHECK(cached.in_use == before.in_use);
  void* again = ops.allocate(3000001 - 1000, 0);  // the same size class
  CHECK(again == blocks.back().first);
  CHECK(ops.statistics(0).system_allocations == cached.system_allocations);
  ops.release(again, 3000001 - 1000, 0);
  ops.trim(0);
  CHECK(ops.statistics(0).reserved <= cached.reserved - 3000001);
}

TEST_CASE("the peak is kept until it is reset") {
  if (no_device()) return;
  const MemoryOps& ops = gpu().memory;
  ops.reset_peak(0);
  const std::size_t start = ops.statistics(0).in_use;
  CHECK(ops.statistics(0).peak_in_use == start);
  { const Tensor large({1 << 18}, DType::f32, Device::cuda()); }
  CHECK(ops.statistics(0).peak_in_use >= start + (1 << 20));
  ops.reset_peak(0);
  CHECK(ops.statistics(0).peak_in_use == ops.statistics(0).in_use);
}

TEST_CASE("too much is an error with sizes, and changes nothing") {
  if (no_device()) return;
  const MemoryOps& ops = gpu().memory;
  const MemoryStatistics before = ops.statistics(0);
  for (const std::size_t bytes : {std::size_t{1} << 50, std::numeric_limits<std::size_t>::max()}) {
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
  CHECK_NOTHROW(Tensor::zeros({100}, DType::f32, Device::cuda()));
}

TEST_CASE("the k-th allocation fails when a test asks for it, once") {
  if (no_device()) return;
  const auto make = [] { return Tensor({10}, DType::f32, Device::cuda()); };
  gpu().memory.fail_allocation(3, 0);
  const Tensor first = make(), second = make();
  CHECK_THROWS_AS(make(), DeviceError);
  CHECK_NOTHROW(make());
  gpu().memory.fail_allocation(1, 0);
  gpu().memory.fail_allocation(0, 0);
  CHECK_NOTHROW(make());
}

TEST_CASE("an operation whose k-th allocation fails leaves memory as it was") {
  if (no_device()) return;
  Rng rng(51);
  const Tensor x = to_gpu(random_normal(rng, {100, 8}, DType::f32));
  const Tensor gamma = to_gpu(Tensor::full({8}, 1)), mean = to_gpu(Tensor::zeros({1, 8}));
  const Tensor dx = Tensor::like(x), dgamma = Tensor::like(gamma), dbeta = Tensor::like(gamma);
  const std::size_t before = gpu().memory.statistics(0).in_use;
  int failures = 0;
  for (std::int64_t k = 1;; ++k) {
    gpu().memory.fail_allocation(k, 0);
    bool failed = false;
    try {
      gpu().norm.backward(false, x, x, mean, mean, {gamma, gamma, 1e-5, {}}, dx, dgamma, dbeta);
    } catch (const DeviceError&) {
      failed = true;
    }
    gpu().memory.fail_allocation(0, 0);
    CHECK(gpu().memory.statistics(0).in_use == before);
    if (!failed) break;
    ++failures;
  }
  CHECK(failures >= 2);
}

TEST_CASE("copies between host and device, and within the device") {
  if (no_device()) return;
  Rng rng(52);
  for (const DType dtype : kAll) {
    for (const std::int64_t n : {0, 1, 1000}) {
      const Tensor x = random_uniform(rng, {n}, 0, 100, dtype);
      const Tensor there = to_gpu(x), copy = there.clone();
      CHECK_FALSE(copy.shares_storage_with(there));
      CHECK(identical(to_cpu(copy), x));
    }
  }
}

TEST_CASE("threads may allocate at once") {
  if (no_device()) return;
  const std::size_t before = gpu().memory.statistics(0).in_use;
  std::vector<std::thread> threads;
  for (int id = 0; id < 4; ++id)
    threads.emplace_back([id] {
      Rng rng(53, {std::uint64_t(id)});
      for (int i = 0; i < 200; ++i)
        const Tensor tensor({random_int(rng, 1, 5000)}, DType::f32, Device::cuda());
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(gpu().memory.statistics(0).in_use == before);
}

TEST_CASE("a graph keeps its memory to itself until it goes") {
  if (no_device()) return;
  const ExactMemory cached_memory(false);
  const MemoryOps& ops = gpu().memory;
  constexpr std::size_t bytes = 777'777;
  ops.trim(0);
  void *inside = nullptr, *result = nullptr;
  {
    cuda::GraphPool pool(0);
    pool.begin();
    CHECK_THROWS_AS(pool.begin(), Error);
    inside = ops.allocate(bytes, 0);
    ops.release(inside, bytes, 0);
    result = ops.allocate(bytes, 0);
    CHECK(result == inside);  // within the capture, what is released is used again
    inside = ops.allocate(bytes, 0);
    ops.release(inside, bytes, 0);
    pool.end();
    void* outside = ops.allocate(bytes, 0);  // the cached block belongs to the graph
    CHECK(outside != inside);
    ops.release(outside, bytes, 0);
    pool.begin();  // a second graph of the same pool may use it
    void* second = ops.allocate(bytes, 0);
    CHECK(second == inside);
    ops.release(second, bytes, 0);
    pool.end();
    ops.trim(0);
  }
  void* free = ops.allocate(bytes, 0);
  CHECK(free == inside);
  ops.release(result, bytes, 0);  // outlived its pool: goes to the common cache
  void* again = ops.allocate(bytes, 0);
  CHECK(again == result);
  ops.release(free, bytes, 0);
  ops.release(again, bytes, 0);
  const std::size_t in_use = ops.statistics(0).in_use;
  ops.trim(0);
  CHECK(ops.statistics(0).in_use == in_use);
}

TEST_CASE("a graph keeps no memory of another device") {
  if (no_device() || no_second_device()) return;
  const ExactMemory cached_memory(false);
  const MemoryOps& ops = gpu().memory;
  constexpr std::size_t bytes = 555'555;
  const Tensor host = Tensor::full({4}, 5), there = host.to(Device::cuda(1)).clone();
  void* other = nullptr;
  {
    cuda::GraphPool pool(0);
    pool.begin();
    other = ops.allocate(bytes, 1);
    ops.release(other, bytes, 1);
    void* again = ops.allocate(bytes, 1);
    CHECK(again == other);
    CHECK_NOTHROW(there.copy_from(host));
    pool.end();
    ops.release(again, bytes, 1);
    again = ops.allocate(bytes, 1);
    CHECK(again == other);
    ops.release(again, bytes, 1);
  }
  void* first = ops.allocate(bytes, 0);
  CHECK(first != other);  // it would be the other device's memory
  ops.release(first, bytes, 0);
}

TEST_CASE("memory is not given back to the system while a graph is filled") {
  if (no_device()) return;
  const MemoryOps& ops = gpu().memory;
  const Tensor x = Tensor::zeros({100}, DType::f32, Device::cuda());
  CHECK_THROWS_WITH_AS(CapturedGraph(Device::cuda(), [&] { ops.trim(0); }),
                       doctest::Contains("is recording"), Error);
  const CapturedGraph recording(Device::cuda(), [&] {
    x.fill(3);
    std::thread([&] { CHECK_THROWS_AS(ops.trim(0), Error); }).join();
  });
  recording.replay();
  CHECK(to_cpu(x).to_vector<float>()[99] == 3);
  CHECK_NOTHROW(ops.trim(0));
}

TEST_CASE("exact memory: no byte more than was asked for, and back to the system at once") {
  if (no_device()) return;
  const MemoryOps& ops = gpu().memory;
  const MemoryStatistics before = ops.statistics(0);
  const auto taken = [&] { return ops.statistics(0).reserved - before.reserved; };
  constexpr std::size_t bytes = 100'001;
  void* cached = ops.allocate(bytes, 0);
  {
    const ExactMemory exact(true);
    ops.release(cached, bytes, 0);  // each goes back to where it came from
    ops.trim(0);
    const std::size_t start = taken();
    void* block = ops.allocate(bytes, 0);
    CHECK(ops.statistics(0).in_use == before.in_use + bytes);
    CHECK(taken() == start + bytes);
    ops.release(block, bytes, 0);
    CHECK(ops.statistics(0).in_use == before.in_use);
    CHECK(taken() == start);

    void* outlives = nullptr;
    void* earlier = ops.allocate(bytes, 0);
    {
      cuda::GraphPool pool(0);
      pool.begin();
      void* inside = ops.allocate(bytes, 0);
      ops.release(inside, bytes, 0);
      outlives = ops.allocate(bytes, 0);
      CHECK(outlives != inside);  // or the graph's kernels could not be told apart by address
      ops.release(earlier, bytes, 0);
      CHECK(taken() == start + 3 * bytes);  // nothing may be given back meanwhile
      pool.end();
      CHECK(taken() == start + 2 * bytes);
    }
    CHECK(taken() == start + bytes);
    cuda::use_exact_memory(false, 0);
    ops.release(outlives, bytes, 0);
    CHECK(taken() == start);
  }
  CHECK(ops.statistics(0).in_use == before.in_use);
}

TEST_CASE("errors name the operation and its tensors") {
  if (no_device()) return;
  const Tensor x = to_gpu(Tensor::zeros({2, 3}, DType::i64));
  CHECK_THROWS_WITH_AS(gpu().elementwise.clamp(x, 0, 1, x), doctest::Contains("[clamp]"), Error);
  CHECK_THROWS_WITH_AS(Device::parse("cuda:1000"), doctest::Contains("cuda:1000"), DeviceError);
}
