// The order of copies and kernels, on an emulated CUDA whose streams are late: what nobody waits
// for has not been done.
#include <algorithm>

#include "pix2vox/training/trainer.h"
#include "tensor/captured_graph.h"
#include "tensor/transfer.h"
#include "tests/cuda/device_cases.h"
#include "tests/cuda/emulation/streams.h"
#include "tests/pix2vox/tiny.h"
#include "tests/pix2vox/toy_dataset.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using namespace voxgrad::testing;
using emulation::Late;
using emulation::LateStreams;

namespace {

constexpr Late kLate[] = {Late::first, Late::others, Late::all};

float last_of(const Tensor& tensor) {
  return to_cpu(tensor).to_vector<float>().back();
}

void set(std::uint8_t* block, std::size_t bytes, int value) {
  std::fill_n(block, bytes, std::uint8_t(value));
}

/// f32 [1000] of what is there, by a kernel.
Tensor first_thousand(const Tensor& bytes) {
  const Tensor result({1000}, DType::f32, Device::cuda());
  gpu().elementwise.convert(bytes.slice(0, 1000), result);
  return result;
}

}  // namespace

TEST_CASE("a late stream does nothing until somebody waits, and then all that was asked for") {
  const Tensor x = to_gpu(Tensor::full({10}, 1));
  float seen[2] = {};
  const LateStreams late(Late::all);
  gpu().stream.copy(&seen[0], x.raw(), sizeof(float), 0);
  void* event = gpu().stream.record_event(0);
  x.fill(2);
  gpu().stream.copy(&seen[1], x.raw(), sizeof(float), 0);
  CHECK(seen[0] == 0);
  gpu().stream.wait_event(event, 0);
  gpu().stream.destroy_event(event, 0);
  CHECK(seen[0] == 1);
  CHECK(seen[1] == 0);
  gpu().memory.synchronize(0);
  CHECK(seen[1] == 2);
}

TEST_CASE("errors of late work are told to the one who waits") {
  const LateStreams late(Late::all);
  void* block = gpu().memory.allocate(512, 0);
  std::vector<char> host(600);
  gpu().stream.copy(block, host.data(), 600, 0);  // over the end
  CHECK_THROWS_WITH_AS(gpu().memory.synchronize(0), doctest::Contains("illegal memory access"),
                       DeviceError);
  gpu().memory.release(block, 512, 0);
}

TEST_CASE("copies from and to ordinary host memory are done when they return") {
  const Tensor x = to_gpu(Tensor::full({100}, 2)), host = Tensor::full({100}, 5);
  const LateStreams late(Late::all);
  x.copy_from(host);
  host.fill(-1);  // it has been read
  const Tensor back = Tensor::full({100}, -2);
  back.copy_from(x);
  CHECK(back.to_vector<float>().back() == 5);
}

TEST_CASE("uploads are neither overwritten nor read too early, whichever stream is late") {
  for (const Late streams : kLate) {
    const LateStreams late(streams);
    Upload upload{Device::cuda()};
    std::vector<Tensor> results;
    for (int i = 0; i < 7; ++i) {
      const std::size_t bytes = i < 4 ? 1000 : 9000;  // grows on the way
      upload(
          bytes, [&](std::uint8_t* block) { set(block, bytes, i); },
          [&](const Tensor& there) {
            CHECK(there.shape() == Shape{std::int64_t(bytes)});
            results.push_back(first_thousand(there));
          });
    }
    for (int i = 0; i < 7; ++i) CHECK(last_of(results[std::size_t(i)]) == float(i));
  }
}

TEST_CASE("an upload waits for what reads its buffer and for no later work") {
  float before = 0, after = 0;
  const LateStreams late(Late::first);
  const Tensor x = Tensor::full({1}, 5, DType::f32, Device::cuda());
  Upload upload{Device::cuda()};
  for (int i = 0; i < 5; ++i) {  // both buffers are in use before, the fifth is the third again
    upload(
        1000, [&](std::uint8_t* block) { set(block, 1000, i); },
        [&](const Tensor&) {
          if (i == 2) gpu().stream.copy(&before, x.raw(), sizeof(float), 0);
        });
    if (i == 2) gpu().stream.copy(&after, x.raw(), sizeof(float), 0);
  }
  CHECK(before == 5);
  CHECK(after == 0);
}

TEST_CASE("uploads of tensors come in order with other work, whichever stream is late") {
  for (const Late streams : kLate) {
    const LateStreams late(streams);
    Upload upload{Device::cuda()};
    std::vector<Tensor> copies;
    for (int i = 0; i < 5; ++i) {
      const Tensor host = Tensor::full({1000}, i);
      copies.push_back(upload(host).clone());
      host.fill(-1);
    }
    for (int i = 0; i < 5; ++i) CHECK(last_of(copies[std::size_t(i)]) == float(i));
  }
}

TEST_CASE("an upload waits for work that uses the memory it was given") {
  const LateStreams late(Late::first);
  gpu().memory.trim(0);
  Tensor result;
  {
    const Tensor before = Tensor::full({4096}, 3, DType::u8, Device::cuda());
    result = first_thousand(before);
  }
  Upload upload{Device::cuda()};
  upload(
      4096, [](std::uint8_t* block) { set(block, 4096, 4); }, [](const Tensor&) {});
  CHECK(last_of(result) == 3);
}

TEST_CASE("work that was asked for before an error keeps its input") {
  const LateStreams late(Late::first);
  Upload upload{Device::cuda()};
  std::vector<Tensor> results;
  for (int i = 0; i < 4; ++i) {
    const auto ask = [&] {
      upload(
          1000, [&](std::uint8_t* block) { set(block, 1000, i); },
          [&](const Tensor& there) {
            results.push_back(first_thousand(there));
            if (i < 2) fail("mine");
          });
    };
    if (i < 2)
      CHECK_THROWS_WITH_AS(ask(), "mine", Error);
    else
      ask();
  }
  for (int i = 0; i < 4; ++i) CHECK(last_of(results[std::size_t(i)]) == float(i));
}

TEST_CASE("a readback that fails after its copy gives its memory back when the copy is done") {
  const Tensor source = Tensor::full({4096}, 1, DType::u8, Device::cuda());
  Upload upload{Device::cuda()};
  Tensor result;
  const LateStreams late(Late::all);
  emulation::fail_event_record(0);
  CHECK_THROWS_AS(Readback{source}, Error);
  upload(
      4096, [](std::uint8_t* block) { set(block, 4096, 2); },  // that block again
      [&](const Tensor& there) { result = first_thousand(there); });
  CHECK(last_of(result) == 2);
}

TEST_CASE("an upload that fails after its copy leaves nothing on its way") {
  const LateStreams late(Late::others);
  {
    Upload upload{Device::cuda()};
    emulation::fail_event_record(1);  // the first is before the copy
    CHECK_THROWS_AS(upload(
                        4096, [](std::uint8_t* block) { set(block, 4096, 2); },
                        [](const Tensor&) { FAIL("it has failed"); }),
                    Error);
  }
  const Tensor next = Tensor::full({4096}, 3, DType::u8, Device::cuda());  // that memory again
  CHECK(emulation::finish_everything() == cudaSuccess);
  CHECK(last_of(next.to(DType::f32)) == 3);
}

TEST_CASE("a recording refuses to wait for an upload") {
  Upload upload{Device::cuda()};
  CHECK_THROWS_WITH_AS(CapturedGraph(Device::cuda(), [&] { upload(Tensor::full({4}, 1)); }),
                       doctest::Contains("cannot wait for an upload"), DeviceError);
}

TEST_CASE("training gives the same bits whichever stream is late") {
  const ToyDataset data(8, 8);
  Config config;
  config.model = tiny_model();
  config.train.epochs = 1;
  config.train.batch_size = 2;
  const auto train = [&](Late streams) {
    const TemporaryFolder folder;
    {
      const LateStreams late(streams);
      Trainer(config, data, &data, {folder / "run", false, Device::cuda()}).run();
    }
    return load_checkpoint(folder / "run" / "checkpoints" / "last.h5", CheckpointPart::weights)
        .model;
  };
  const std::vector<NamedTensor> expected = train(Late::none);
  for (const Late streams : kLate) {
    const std::vector<NamedTensor> actual = train(streams);
    for (std::size_t i = 0; i < expected.size(); ++i)
      CHECK_MESSAGE(identical(actual[i].tensor, expected[i].tensor), expected[i].name);
  }
}
