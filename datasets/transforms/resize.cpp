#include "datasets/transforms/resize.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "datasets/transforms/resize.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "simd/simd.h"
#include "tensor/ops/image_functors.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::HWY_NAMESPACE {

using Floats = hwy::HWY_NAMESPACE::CappedTag<float, ResizeBlock::lanes>;

int resize_lanes() {
  return int(hwy::HWY_NAMESPACE::Lanes(Floats()));
}

void resize_far(const ResizeBlock& block, const float* line, float* result) {
  const int lanes = resize_lanes();
  for (int lane = 0; lane < ResizeBlock::lanes; ++lane) {
    const float* const source = line + block.base[lane / lanes];
    const float a = source[block.first[lane]], b = source[block.second[lane]];
    result[lane] = a + (b - a) * block.weight[lane];
  }
}

/// Permutations: compilers make gathers of the loop above, which take many times as long.
void resize_near(const ResizeBlock& block, const float* line, float* result) {
  namespace hn = hwy::HWY_NAMESPACE;
  const Floats d;
  const hn::RebindToSigned<Floats> places;
  const int lanes = int(hn::Lanes(d));
  for (int start = 0; start < ResizeBlock::lanes; start += lanes) {
    const auto pixels = hn::LoadU(d, line + block.base[start / lanes]);
    const auto pick = [&](const std::int32_t* place) HWY_ATTR {
      return hn::TableLookupLanes(pixels, hn::IndicesFromVec(d, hn::LoadU(places, place + start)));
    };
    const auto a = pick(block.first), b = pick(block.second);
    hn::StoreU(hn::MulAdd(hn::Sub(b, a), hn::LoadU(d, block.weight + start), a), d, result + start);
  }
}

void resize_line(const ResizeBlock* blocks, std::size_t count, const float* line, float* result) {
  for (std::size_t i = 0; i < count; ++i, result += ResizeBlock::lanes) {
    if (blocks[i].near)
      resize_near(blocks[i], line, result);
    else
      resize_far(blocks[i], line, result);
  }
}

}  // namespace voxgrad::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad {

HWY_EXPORT(resize_lanes);
HWY_EXPORT(resize_line);

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
  constexpr int lanes = ResizeBlock::lanes;
  const int vector_lanes = HWY_DYNAMIC_DISPATCH(resize_lanes)();
  const int low = taps.lowest(), last = taps.size() - 1;
  for (int start = 0; start <= last; start += lanes) {
    ResizeBlock block;
    for (int lane = 0; lane < lanes; ++lane) {
      const auto i = std::size_t(std::min(start + lane, last));
      block.first[lane] = taps.first[i];
      block.second[lane] = taps.second[i];
      block.weight[lane] = taps.weight[i];
    }
    block.near = true;
    for (int begin = 0; begin < lanes; begin += vector_lanes) {
      int lowest = block.first[begin], highest = lowest;
      for (int lane = begin; lane < begin + vector_lanes; ++lane) {
        lowest = std::min({lowest, block.first[lane], block.second[lane]});
        highest = std::max({highest, block.first[lane], block.second[lane]});
      }
      for (int lane = begin; lane < begin + vector_lanes; ++lane) {
        block.first[lane] -= lowest;
        block.second[lane] -= lowest;
      }
      block.base[begin / vector_lanes] = lowest - low;
      block.near = block.near && highest - lowest < vector_lanes;
    }
    blocks_.push_back(block);
  }
  source_floats_ = std::size_t(taps.highest() - low + lanes);
}

void LineResizer::resize(const float* line, float* result) const {
  HWY_DYNAMIC_DISPATCH(resize_line)(blocks_.data(), blocks_.size(), line, result);
}

}  // namespace voxgrad
#endif
