// Work that the device does by itself, and recorded work.
#include <cstdlib>
#include <thread>

#include "autograd/weight_cache.h"
#include "tensor/captured_graph.h"
#include "tensor/transfer.h"
#include "tests/cuda/device_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE(
    "a readback gives the values of the moment it was asked for, regardless of what comes after") {
  if (no_device()) return;
  const Tensor source = to_gpu(Tensor::from<float>({1, 2, 3}, {3}));
  Readback first(source);
  source.fill(7);
  Readback second(source);
  CHECK(first.get().to_vector<float>() == std::vector<float>{1, 2, 3});
  CHECK(second.get().to_vector<float>() == std::vector<float>{7, 7, 7});
  Readback never_read(source);
}

TEST_CASE("uploads overwrite one tensor, in order with other work") {
  if (no_device()) return;
  Upload upload{Device::cuda()};
  std::vector<Tensor> copies;
  Tensor first;
  for (int i = 0; i < 5; ++i) {
    const Tensor host = Tensor::full({1000}, i);
    const Tensor there = upload(host);
    host.fill(-1);  // it has been read
    if (i == 0) first = there;
    CHECK(there.shares_storage_with(first));
    copies.push_back(there.clone());
  }
  for (int i = 0; i < 5; ++i) CHECK(to_cpu(copies[std::size_t(i)]).to_vector<float>()[999] == i);
  CHECK_FALSE(upload(Tensor::full({7}, 1)).shares_storage_with(first));
}

TEST_CASE("a recording does nothing until it is replayed, and then on the same memory") {
  if (no_device()) return;
  const Tensor x = to_gpu(Tensor::full({100}, 2)), y = to_gpu(Tensor::full({100}, 0));
  Tensor made;
  {
    const CapturedGraph recording(Device::cuda(), [&] {
      const Tensor scratch = Tensor::like(x);  // let go before the replay
      gpu().elementwise.affine(x, 3, 1, scratch);
      made = Tensor::like(x);
      gpu().elementwise.affine(scratch, 2, 0, made);
      y.copy_from(made);
    });
    CHECK(to_cpu(y).to_vector<float>()[50] == 0);
    for (const float value : {2.0f, 5.0f}) {
      x.fill(value);
      const Tensor others = Tensor::full({100}, 9, DType::f32, Device::cuda());
      recording.replay();
      CHECK(to_cpu(y).to_vector<float>()[50] == 2 * (3 * value + 1));
      CHECK(to_cpu(made).to_vector<float>()[99] == 2 * (3 * value + 1));
      CHECK(to_cpu(others).to_vector<float>()[50] == 9);
    }
  }
  CHECK(to_cpu(made).to_vector<float>()[99] == 32);  // outlives its recording
}

TEST_CASE("work that reads from the device cannot be recorded, and nothing is broken by trying") {
  if (no_device()) return;
  const Tensor x = to_gpu(Tensor::full({4}, 2));
  CHECK_THROWS_AS(CapturedGraph(Device::cuda(), [&] { x.to_vector<float>(); }), DeviceError);
  CHECK_THROWS_WITH_AS(CapturedGraph(Device::cuda(), [] { fail("mine"); }), "mine", Error);
  CHECK(to_cpu(x).to_vector<float>()[3] == 2);
  const CapturedGraph recording(Device::cuda(), [&] { x.fill(3); });
  recording.replay();
  CHECK(to_cpu(x).to_vector<float>()[3] == 3);
}

TEST_CASE("work that copies from ordinary host memory cannot be recorded") {
  if (no_device()) return;
  const Tensor x = to_gpu(Tensor::full({4}, 2)), host = Tensor::full({4}, 5);
  CHECK_THROWS_WITH_AS(CapturedGraph(Device::cuda(), [&] { x.copy_from(host); }),
                       doctest::Contains("ordinary host memory"), DeviceError);
  CHECK(to_cpu(x).to_vector<float>()[3] == 2);
  x.copy_from(host);
  CHECK(to_cpu(x).to_vector<float>()[3] == 5);
}

TEST_CASE("a recording that cannot begin leaves the stream as it was") {
  if (no_device()) return;
  const Tensor x = to_gpu(Tensor::full({4}, 2));
  {
    cuda::GraphPool pool(0);
    pool.begin();
    CHECK_THROWS_WITH_AS(CapturedGraph(Device::cuda(), [&] { x.fill(9); }),
                         doctest::Contains("fills a graph's pool already"), Error);
  }
  x.fill(3);
  CHECK(to_cpu(x).to_vector<float>()[3] == 3);
  const CapturedGraph outer(Device::cuda(), [&] {
    std::thread([] {  // which has the same stream
      CHECK_THROWS_AS(CapturedGraph(Device::cuda(), [] {}), DeviceError);
      cuda::GraphPool pool(0);
      CHECK_NOTHROW(pool.begin());
    })
        .join();
    x.fill(4);
  });
  outer.replay();
  CHECK(to_cpu(x).to_vector<float>()[3] == 4);
}

TEST_CASE("replays read weights as they are, rounded to bf16") {
  if (no_device()) return;
  const auto full = [](double value) { return to_gpu(Tensor::full({100}, value)); };
  const Variable parameter(full(1), true);
  const Tensor weight = parameter.value(), seen = to_gpu(Tensor::zeros({100}, DType::bf16));
  const auto last = [](const Tensor& x) { return to_cpu(x).to(DType::f32).to_vector<float>()[99]; };
  bf16_weight(parameter);
  const CapturedGraph recording(Device::cuda(), [&] { seen.copy_from(bf16_weight(parameter)); });
  CHECK(cached_bf16(parameter).defined());
  for (const float value : {2.0f, 3.0f}) {
    weight.fill(value);
    recording.replay();
    CHECK(last(seen) == value);
    recording.replay();
    CHECK(last(seen) == value);
  }
  // Recorded work that writes a weight, after its rounding and before.
  const CapturedGraph writing(Device::cuda(), [&] {
    seen.copy_from(bf16_weight(parameter));
    gpu().elementwise.affine(weight, 1, 1, weight);
  });
  for (int i = 0; i < 3; ++i) {
    writing.replay();
    CHECK(last(seen) == 3 + i);
    CHECK(last(bf16_weight(parameter)) == 4 + i);
  }
  recording.replay();
  CHECK(last(seen) == 6);
  const CapturedGraph rewriting(Device::cuda(), [&] {
    gpu().elementwise.affine(weight, 1, 1, weight);
    seen.copy_from(bf16_weight(parameter));
  });
  for (int i = 0; i < 2; ++i) {
    rewriting.replay();
    CHECK(last(seen) == 7 + i);
    CHECK(last(bf16_weight(parameter)) == 7 + i);
  }
  // The first rounding of all within a recording.
  const Variable fresh(full(5), true);
  const CapturedGraph first(Device::cuda(), [&] { seen.copy_from(bf16_weight(fresh)); });
  for (const float value : {5.0f, 8.0f}) {
    fresh.value().fill(value);
    first.replay();
    CHECK(last(seen) == value);
    CHECK(last(bf16_weight(fresh)) == value);
  }
}

TEST_CASE("repeated work is done, recorded and replayed, and begins anew where its inputs moved") {
  if (no_device()) return;
  GraphedWork repeated{Device::cuda()};
  const Tensor y = to_gpu(Tensor::zeros({8}));
  Tensor x = to_gpu(Tensor::zeros({8}));
  int calls = 0;
  const auto repeat = [&](double value, std::int64_t variant = 1) {
    x.fill(value);
    repeated({x}, variant, [&] {
      ++calls;
      gpu().elementwise.affine(x, double(variant), 1, y);
    });
    return to_cpu(y).to_vector<float>()[7];
  };
  for (int i = 1; i <= 4; ++i) CHECK(repeat(i) == i + 1);
  CHECK(calls == 2);  // one as it came, one recorded
  for (int i = 1; i <= 3; ++i) CHECK(repeat(i, 5) == 5 * i + 1);
  CHECK(calls == 4);
  x = to_gpu(Tensor::zeros({8}));
  for (int i = 1; i <= 3; ++i) CHECK(repeat(i, 5) == 5 * i + 1);
  CHECK(calls == 6);
  x = x.reshape({2, 4});
  CHECK(repeat(7, 5) == 36);
  CHECK(calls == 7);
}

TEST_CASE("calls of repeated work that fail do not count") {
  if (no_device()) return;
  const Tensor x = to_gpu(Tensor::zeros({8}));
  for (const int failing : {1, 2}) {
    GraphedWork repeated{Device::cuda()};
    int calls = 0;
    const auto repeat = [&] {
      repeated({x}, 0, [&] {
        if (++calls == failing) fail("mine");
        gpu().elementwise.affine(x, 1, 1, x);
      });
    };
    for (int i = 1; i < failing; ++i) repeat();
    CHECK_THROWS_WITH_AS(repeat(), "mine", Error);
    calls = 10;
    x.fill(0);
    for (int i = 1; i <= 4; ++i) {
      repeat();
      CHECK(to_cpu(x).to_vector<float>()[0] == i);
    }
    CHECK(calls == 13 - failing);
  }
}

TEST_CASE("VOXGRAD_NO_GRAPHS switches recording off") {
  if (no_device()) return;
  CHECK(CapturedGraph::supported(Device::cuda()));
  setenv("VOXGRAD_NO_GRAPHS", "1", 1);
  CHECK_FALSE(CapturedGraph::supported(Device::cuda()));
  unsetenv("VOXGRAD_NO_GRAPHS");
}
