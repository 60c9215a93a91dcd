#include "datasets/transforms/resize.h"

#include <algorithm>
#include <cstring>

#include "tensor/ops/image_ops.h"

namespace voxgrad {

Taps::Taps(int origin, int extent, int limit, int size, bool flip) {
  for (auto* one : {&first, &second}) one->reserve(std::size_t(size));
  weight.reserve(std::size_t(size));
  for (int i = 0; i < size; ++i) {
    const functors::Tap tap =
        functors::tap_of(flip ? size - 1 - i : i, size, origin, extent, limit);
    first.push_back(tap.first);
    second.push_back(tap.second);
    weight.push_back(tap.weight);
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
