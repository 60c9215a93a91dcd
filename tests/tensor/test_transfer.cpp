#include <doctest/doctest.h>

#include "tensor/captured_graph.h"
#include "tensor/ops/backend.h"
#include "tensor/transfer.h"

using namespace voxgrad;

TEST_CASE("a readback gives the values of the moment it was asked for") {
  const Tensor source = Tensor::from<float>({1, 2, 3}, {3});
  Readback readback(source);
  source.fill(7);
  CHECK(readback.defined());
  CHECK(readback.get().to_vector<float>() == std::vector<float>{1, 2, 3});
  Readback moved = std::move(readback);
  CHECK_FALSE(readback.defined());
  CHECK(moved.get().to_vector<float>() == std::vector<float>{1, 2, 3});
  CHECK_THROWS_WITH_AS(Readback().get(), doctest::Contains("there are no values"), Error);
}

TEST_CASE("on the CPU an upload is the tensor itself, and nothing is recorded") {
  Upload upload{Device::cpu()};
  const Tensor host = Tensor::from<float>({1, 2}, {2});
  CHECK(upload(host).shares_storage_with(host));
  CHECK_FALSE(CapturedGraph::supported(Device::cpu()));
  CHECK_THROWS_WITH_AS(CapturedGraph(Device::cpu(), [] {}), doctest::Contains("does not record"),
                       DeviceError);
  CHECK_THROWS_AS(CapturedGraph().replay(), Error);
}
