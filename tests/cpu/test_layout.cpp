#include <algorithm>
#include <numeric>

#include "tests/cpu/kernel_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("permute moves every element to its place") {
  Rng rng(41);
  for (int i = 0; i < 40; ++i) {
    const int rank = int(random_int(rng, 1, 6));
    std::vector<std::int64_t> extents, target;
    for (int d = 0; d < rank; ++d) extents.push_back(random_int(rng, 1, 6));
    const std::vector<std::int64_t> draw = rng.permutation(rank);
    Permutation order{};
    for (int d = 0; d < rank; ++d) {
      order[d] = int(draw[d]);
      target.push_back(extents[order[d]]);
    }
    const DType dtype = std::array{DType::f64, DType::f32, DType::i64, DType::u8}[i % 4];
    Tensor x(Shape(extents), DType::i64);
    std::iota(x.data<std::int64_t>(), x.data<std::int64_t>() + x.numel(), 0);
    if (dtype == DType::u8)
      for (std::int64_t j = 0; j < x.numel(); ++j) x.data<std::int64_t>()[j] %= 251;
    const std::vector<double> in = values(x);
    const GuardedTensor y(Shape(target), dtype);
    cpu::layout_ops().permute(x.to(dtype), order, y);

    std::vector<double> expected(in.size());
    for (std::size_t j = 0; j < expected.size(); ++j) {
      std::int64_t rest = std::int64_t(j), from = 0;
      for (int d = rank - 1; d >= 0; --d) {
        std::int64_t step = 1;
        for (int e = order[d] + 1; e < rank; ++e) step *= extents[e];
        from += rest % target[d] * step;
        rest /= target[d];
      }
      expected[j] = in[from];
    }
    CHECK(y.intact());
    CHECK(values(y) == expected);
  }
}

TEST_CASE("channels are joined and cut") {
  Rng rng(42);
  for (const DType dtype : kFloats) {
    for (const std::int64_t rows : {1, 7, 5000}) {
      const std::int64_t ca = random_int(rng, 1, 9), cb = random_int(rng, 1, 9);
      const Tensor a = random_normal(rng, {rows, ca}, dtype);
      const Tensor b = random_normal(rng, {rows, cb}, dtype);
      const GuardedTensor y({rows, ca + cb}, dtype), first({rows, ca}, dtype),
          second({rows, cb}, dtype);
      cpu::layout_ops().concat_channels(a, b, y);
      CHECK(y.intact());
      CHECK(values(y)[std::size_t(ca)] == values(b)[0]);
      cpu::layout_ops().slice_channels(y, 0, first);
      cpu::layout_ops().slice_channels(y, ca, second);
      CHECK(first.intact());
      CHECK(second.intact());
      CHECK(identical(first, a));
      CHECK(identical(second, b));
    }
  }
}
