// What every file of vector kernels includes. A kernel is written
// once, on Highway's vectors, compiled for every level of simd/isa.h, and called through Highway's
// dynamic dispatch:
//
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "cpu/conv/winograd.cpp"  // the file itself
//   #include <hwy/foreach_target.h>                     // compiles it once per level
//   #include <hwy/highway.h>
//
//   #include "simd/simd.h"
//
//   HWY_BEFORE_NAMESPACE();
//   namespace voxgrad::cpu::HWY_NAMESPACE {
//   void scale(float* x, std::int64_t n, float factor) { ... }
//   }  // namespace voxgrad::cpu::HWY_NAMESPACE
//   HWY_AFTER_NAMESPACE();
//
//   #if HWY_ONCE
//   namespace voxgrad::cpu {
//   HWY_EXPORT(scale);
//   void scale(float* x, std::int64_t n, float factor) {
//     HWY_DYNAMIC_DISPATCH(scale)(x, n, factor);
//   }
//   }  // namespace voxgrad::cpu
//   #endif
//
// Between BEFORE and AFTER plain loops are compiled for the level too, and vectorised by the
// compiler. Mind what is defined elsewhere: a template of another header, such as for_each_task(),
// is code of the lowest level, calls its body as a function and inlines nothing. So a body should
// be a whole stretch of work, never an element. A lambda that uses vectors is marked HWY_ATTR.
#pragma once

#include "simd/isa.h"

namespace voxgrad::simd {

/// Every file that includes this applies VOXGRAD_ISA before its first kernel can run.
inline const bool kernels_limited = limit_kernels();

}  // namespace voxgrad::simd
