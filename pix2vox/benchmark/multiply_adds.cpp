#include "pix2vox/benchmark/multiply_adds.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pix2vox/benchmark/multiply_adds.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::HWY_NAMESPACE {

MultiplyAdds multiply_f32(std::int64_t steps) {
  namespace hn = hwy::HWY_NAMESPACE;
  constexpr int chains = 10;  // enough to hide the latency of each
  const hn::ScalableTag<float> d;
  hn::Vec<decltype(d)> sums[chains], addends[chains];
  for (int chain = 0; chain < chains; ++chain) {
    sums[chain] = hn::Zero(d);
    addends[chain] = hn::Set(d, float(chain + 1));
  }
  const auto factor = hn::Set(d, 0.999f);
  for (std::int64_t step = 0; step < steps; ++step)
    for (int chain = 0; chain < chains; ++chain)
      sums[chain] = hn::MulAdd(sums[chain], factor, addends[chain]);
  float total = 0;
  for (const auto& sum : sums) total += hn::GetLane(sum);
  return {double(steps) * chains * double(hn::Lanes(d)), total};
}

}  // namespace voxgrad::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad {

HWY_EXPORT(multiply_f32);

MultiplyAdds multiply_f32_in_registers(std::int64_t steps) {
  return HWY_DYNAMIC_DISPATCH(multiply_f32)(steps);
}

}  // namespace voxgrad
#endif
