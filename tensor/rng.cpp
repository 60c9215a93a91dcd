#include "tensor/rng.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "tensor/error.h"

namespace voxgrad {
namespace {

// The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): mixes a key into a state.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> x,
                                    std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * x[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * x[2];
    x = {std::uint32_t(b >> 32) ^ x[1] ^ key[0], std::uint32_t(b),
         std::uint32_t(a >> 32) ^ x[3] ^ key[1], std::uint32_t(a)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return x;
}

}  // namespace

Rng::Rng(std::uint64_t seed, std::initializer_list<std::uint64_t> keys) {
  key_ = {std::uint32_t(seed), std::uint32_t(seed >> 32)};
  for (const std::uint64_t key : keys) stream_ = mix(stream_ ^ mix(key));
}

std::uint32_t Rng::next_u32() {
  if (used_ == 4) {
    block_ = philox({std::uint32_t(counter_), std::uint32_t(counter_ >> 32), std::uint32_t(stream_),
                     std::uint32_t(stream_ >> 32)},
                    key_);
    ++counter_;
    used_ = 0;
  }
  return block_[used_++];
}

std::uint64_t Rng::next_u64() {
  const std::uint64_t high = next_u32();
  return (high << 32) | next_u32();
}

double Rng::uniform() {
  return double(next_u64() >> 11) * 0x1p-53;
}

double Rng::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  const double angle = 2.0 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

std::uint64_t Rng::below(std::uint64_t n) {
  check(n >= 1, "[rng] below(n) needs n >= 1");
  const std::uint64_t limit = ~std::uint64_t{0} - (~std::uint64_t{0} % n + 1) % n;
  std::uint64_t draw = next_u64();
  while (draw > limit) draw = next_u64();
  return draw % n;
}

std::vector<std::int64_t> Rng::permutation(std::int64_t n) {
  std::vector<std::int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  for (std::int64_t i = n - 1; i > 0; --i) std::swap(order[i], order[below(i + 1)]);
  return order;
}

}  // namespace voxgrad
