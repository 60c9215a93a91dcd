#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "tensor/error.h"
#include "tensor/rng.h"

using voxgrad::Rng;

TEST_CASE("Philox4x32-10 gives the published answers for a zero key and counter") {
  Rng rng(0);
  CHECK(rng.next_u32() == 0x6627e8d5u);
  CHECK(rng.next_u32() == 0xe169c58du);
  CHECK(rng.next_u32() == 0xbc57ac4cu);
  CHECK(rng.next_u32() == 0x9b00dbd8u);
}

TEST_CASE("a generator repeats, and every key has a stream of its own") {
  const auto draw = [](Rng rng) {
    std::vector<std::uint64_t> result;
    for (int i = 0; i < 100; ++i) result.push_back(rng.next_u64());
    return result;
  };
  CHECK(draw(Rng(5, {1, 2})) == draw(Rng(5, {1, 2})));
  std::set<std::uint64_t> all;
  std::size_t streams = 0;
  for (const Rng& rng : {Rng(5), Rng(6), Rng(5, {0}), Rng(5, {1}), Rng(5, {1, 2}), Rng(5, {2, 1}),
                         Rng(5, {1, 2, 0}), Rng(std::uint64_t(5) << 32)}) {
    const std::vector<std::uint64_t> values = draw(rng);
    all.insert(values.begin(), values.end());
    ++streams;
  }
  CHECK(all.size() == 100 * streams);
}

TEST_CASE("distributions have the right moments") {
  Rng rng(9);
  constexpr int n = 200000;
  double mean = 0, square = 0, fourth = 0, uniform_mean = 0, uniform_square = 0;
  for (int i = 0; i < n; ++i) {
    const double z = rng.normal(), u = rng.uniform();
    REQUIRE((u >= 0 && u < 1));
    mean += z / n;
    square += z * z / n;
    fourth += z * z * z * z / n;
    uniform_mean += u / n;
    uniform_square += u * u / n;
  }
  // Five standard errors each.
  CHECK(std::fabs(mean) < 5 / std::sqrt(n));
  CHECK(std::fabs(square - 1) < 5 * std::sqrt(2.0 / n));
  CHECK(std::fabs(fourth - 3) < 5 * std::sqrt(96.0 / n));
  CHECK(std::fabs(uniform_mean - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
  CHECK(std::fabs(uniform_square - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / n));
}

TEST_CASE("below is uniform and stays below") {
  Rng rng(10);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts.at(std::size_t(rng.below(7)));
  for (const int count : counts) CHECK(std::abs(count - 10000) < 500);
  for (int i = 0; i < 100; ++i) CHECK(rng.below(1) == 0);
  // Nearly every second draw lies beyond the last whole multiple and is made again.
  const std::uint64_t large = (std::uint64_t{1} << 63) + 1;
  std::uint64_t highest = 0;
  for (int i = 0; i < 64; ++i) {
    const std::uint64_t value = rng.below(large);
    CHECK(value < large);
    highest = std::max(highest, value);
  }
  CHECK(highest > large / 2);
  CHECK_THROWS_AS(rng.below(0), voxgrad::Error);
}

TEST_CASE("a permutation holds every number once and is not the identity") {
  Rng rng(11);
  std::vector<std::int64_t> order = rng.permutation(1000);
  CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (std::int64_t i = 0; i < 1000; ++i) CHECK(order[std::size_t(i)] == i);
  CHECK(rng.permutation(0).empty());
}
