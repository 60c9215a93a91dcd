// Random numbers that do not depend on who draws first. A generator is keyed, for example by
// (seed, epoch, sample), and every key has its own stream, so the result of a run is the same
// regardless of the number of threads. Philox4x32-10: Salmon et al., "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011. The distributions are ours, so that they are the same on every system.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace voxgrad {

class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::initializer_list<std::uint64_t> keys = {});

  std::uint32_t next_u32();
  std::uint64_t next_u64();
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Standard normal (Box-Muller; two draws a pair).
  double normal();
  /// Uniform in 0..n-1, n >= 1, without bias.
  std::uint64_t below(std::uint64_t n);
  /// A permutation of 0..n-1 (Fisher-Yates).
  std::vector<std::int64_t> permutation(std::int64_t n);

 private:
  std::array<std::uint32_t, 2> key_{};
  std::uint64_t stream_ = 0;
  std::uint64_t counter_ = 0;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace voxgrad
