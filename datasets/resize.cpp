#include "datasets/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace voxgrad {

Taps::Taps(int origin, int extent, int limit, int size, bool flip) {
  for (auto* one : {&first, &second}) one->reserve(std::size_t(size));
  weight.reserve(std::size_t(size));
  const auto inside = [&](int i) { return std::clamp(origin + i, 0, limit - 1); };
  for (int i = 0; i < size; ++i) {
    const int place = flip ? size - 1 - i : i;
    // Half-pixel centres: (place + 1/2) * extent / size - 1/2, exact up to the division, so that a
    // weight that should be 0 is 0: the background test asks for an alpha of exactly 0.
    const auto numerator = (2 * std::int64_t(place) + 1) * extent - size;
    const auto position = float(double(numerator) / (2.0 * size));
    const int base = int(std::floor(position));
    const bool at_edge = base < 0 || base >= extent - 1;
    const int pixel = inside(std::clamp(base, 0, extent - 1));
    const float share = at_edge ? 0.0f : position - float(base);
    first.push_back(pixel);
    second.push_back(share == 0 ? pixel : inside(base + 1));
    weight.push_back(share);
  }
}

int Taps::lowest() const {
  return std::min(*std::ranges::min_element(first), *std::ranges::min_element(second));
}

int Taps::highest() const {
  return std::max(*std::ranges::max_element(first), *std::ranges::max_element(second));
}

std::vector<float> Taps::shares() const {
  const int low = lowest();
  std::vector<float> result(std::size_t(highest() - low + 1));
  for (std::size_t i = 0; i < first.size(); ++i) {
    result[std::size_t(first[i] - low)] += 1 - weight[i];
    result[std::size_t(second[i] - low)] += weight[i];
  }
  return result;
}

LineResizer::LineResizer(const Taps& taps) {
  const int low = taps.lowest(), last = taps.size() - 1;
  for (int start = 0; start <= last; start += lanes) {
    Block block;
    int lowest = taps.first[std::size_t(start)], highest = lowest;
    for (int lane = 0; lane < lanes; ++lane) {
      const auto i = std::size_t(std::min(start + lane, last));
      block.first[lane] = taps.first[i];
      block.second[lane] = taps.second[i];
      block.weight[lane] = taps.weight[i];
      lowest = std::min({lowest, taps.first[i], taps.second[i]});
      highest = std::max({highest, taps.first[i], taps.second[i]});
    }
    for (int lane = 0; lane < lanes; ++lane) {
      block.first[lane] -= lowest;
      block.second[lane] -= lowest;
    }
    block.base = lowest - low;
    block.near = highest - lowest < lanes;
    blocks_.push_back(block);
  }
  source_floats_ = std::size_t(taps.highest() - low + lanes);
}

void LineResizer::resize_far(const Block& block, const float* source, float* result) {
  for (int lane = 0; lane < lanes; ++lane) {
    const float a = source[block.first[lane]], b = source[block.second[lane]];
    result[lane] = a + (b - a) * block.weight[lane];
  }
}

void LineResizer::resize_near(const Block& block, const float* source, float* result) {
#if defined(__AVX512F__) && !defined(__clang__)
  // Compilers make gathers of the loop, which take many times as long as these permutations.
  using Floats [[gnu::vector_size(64)]] = float;
  using Places [[gnu::vector_size(64)]] = std::int32_t;
  Floats pixels, weight;
  Places first, second;
  std::memcpy(&pixels, source, sizeof(pixels));
  std::memcpy(&first, block.first, sizeof(first));
  std::memcpy(&second, block.second, sizeof(second));
  std::memcpy(&weight, block.weight, sizeof(weight));
  const Floats a = __builtin_shuffle(pixels, first), b = __builtin_shuffle(pixels, second);
  const Floats resized = a + (b - a) * weight;
  std::memcpy(result, &resized, sizeof(resized));
#else
  resize_far(block, source, result);
#endif
}

void LineResizer::resize(const float* line, float* result) const {
  for (const Block& block : blocks_) {
    if (block.near)
      resize_near(block, line + block.base, result);
    else
      resize_far(block, line + block.base, result);
    result += lanes;
  }
}

}  // namespace voxgrad
