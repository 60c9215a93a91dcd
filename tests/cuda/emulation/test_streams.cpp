// The order of copies and kernels, on an emulated CUDA whose streams are late: what nobody waits
// for has not been done.
#include "tests/cuda/device_cases.h"
#include "tests/cuda/emulation/streams.h"

using namespace voxgrad;
using namespace voxgrad::testing;
using emulation::Late;
using emulation::LateStreams;

TEST_CASE("a late stream does nothing until somebody waits, and then all that was asked for") {
  const Tensor x = to_gpu(Tensor::full({10}, 1));
  float seen[2] = {};
  const LateStreams late(Late::all);
  gpu().stream.copy(&seen[0], x.raw(), sizeof(float), 0);
  void* mark = gpu().stream.mark(0);
  x.fill(2);
  gpu().stream.copy(&seen[1], x.raw(), sizeof(float), 0);
  CHECK(seen[0] == 0);
  gpu().stream.wait(mark, 0);
  gpu().stream.drop_mark(mark, 0);
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
