#include <doctest/doctest.h>

#include <algorithm>

#include "tensor/batches.h"
#include "tensor/error.h"

using namespace voxgrad;

TEST_CASE("batches hold every sample once, and keep the tensors together") {
  std::vector<float> x, t;
  for (int i = 0; i < 10; ++i) {
    x.insert(x.end(), {float(i), float(i) + 0.5f});
    t.push_back(float(10 * i));
  }
  Rng rng(1);
  const Batches batches({Tensor::from(x, {10, 2}), Tensor::from(t, {10})}, 4, rng);
  CHECK(batches.size() == 3);
  std::vector<float> seen;
  std::vector<std::int64_t> sizes;
  for (const std::vector<Tensor>& batch : batches) {
    const std::vector<float> a = batch[0].to_vector<float>(), b = batch[1].to_vector<float>();
    sizes.push_back(batch[0].shape()[0]);
    for (std::size_t i = 0; i < b.size(); ++i) {
      CHECK(a[2 * i] * 10 == b[i]);
      CHECK(a[2 * i + 1] == a[2 * i] + 0.5f);
      seen.push_back(b[i]);
    }
  }
  CHECK(sizes == std::vector<std::int64_t>{4, 4, 2});
  CHECK(seen != t);  // shuffled
  std::sort(seen.begin(), seen.end());
  CHECK(seen == t);
}

TEST_CASE("batches refuse what does not fit together") {
  Rng rng(1);
  CHECK_THROWS_AS(Batches({}, 4, rng), Error);
  CHECK_THROWS_AS(Batches({Tensor({3, 2}), Tensor({4, 2})}, 4, rng), Error);
  CHECK_THROWS_AS(Batches({Tensor({3, 2})}, 0, rng), Error);
  CHECK_THROWS_AS(take_rows(Tensor({3, 2}), {3}), Error);
}
