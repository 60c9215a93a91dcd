#include "tests/simd/level_in_use.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/simd/level_in_use.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::testing::HWY_NAMESPACE {

Isa compiled_for() {
#if HWY_TARGET == HWY_AVX3
  return Isa::avx512;
#elif HWY_TARGET == HWY_AVX2
  return Isa::avx2;
#elif HWY_TARGET == HWY_SSSE3
  return Isa::sse4;
#elif HWY_ARCH_ARM_A64
  return Isa::neon;
#else
  return Isa::portable;
#endif
}

}  // namespace voxgrad::testing::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::testing {

HWY_EXPORT(compiled_for);

Isa level_in_use() {
  return HWY_DYNAMIC_DISPATCH(compiled_for)();
}

}  // namespace voxgrad::testing
#endif
