// Random choices of the generator of objects.
#pragma once

#include <cmath>
#include <initializer_list>

#include "datasets/synth/shaper.h"
#include "tensor/rng.h"

namespace voxgrad {

class Draw {
 public:
  explicit Draw(Rng& rng) : rng_(rng) {}

  double real(double low, double high) { return rng_.uniform(low, high); }
  /// low..high, both included.
  int integer(int low, int high) { return low + int(rng_.below(std::uint64_t(high - low + 1))); }
  bool chance(double probability) { return rng_.uniform() < probability; }
  /// 0..weights.size() - 1.
  int pick(std::initializer_list<double> weights) {
    double total = 0;
    for (const double weight : weights) total += weight;
    double at = rng_.uniform() * total;
    int index = 0;
    for (const double weight : weights) {
      if (at < weight || index + 1 == int(weights.size())) return index;
      at -= weight;
      ++index;
    }
    return 0;
  }
  double normal() { return rng_.normal(); }

 private:
  Rng& rng_;
};

}  // namespace voxgrad
