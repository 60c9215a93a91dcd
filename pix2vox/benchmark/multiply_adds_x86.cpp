// x86 intrinsics: Highway has no name for AVX512-BF16 below the levels that it is compiled for
// here.
#include "pix2vox/benchmark/multiply_adds.h"
#include "simd/isa.h"
#include "tensor/error.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace voxgrad {

#ifdef __x86_64__

bool multiplies_bf16() {
  return current_isa() == Isa::avx512 && __builtin_cpu_supports("avx512bf16");
}

__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) MultiplyAdds
multiply_bf16_in_registers(std::int64_t steps) {
  constexpr int chains = 10;
  __m512 sums[chains];  // each from another number, or the compiler makes one of them
  for (int chain = 0; chain < chains; ++chain) sums[chain] = _mm512_set1_ps(float(chain));
  const __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.25f));
  for (std::int64_t step = 0; step < steps; ++step)
    for (int chain = 0; chain < chains; ++chain) sums[chain] = _mm512_dpbf16_ps(sums[chain], a, a);
  float total = 0;
  for (const __m512& sum : sums) total += _mm512_cvtss_f32(sum);
  return {double(steps) * chains * 32, total};
}

#else

bool multiplies_bf16() {
  return false;
}

MultiplyAdds multiply_bf16_in_registers(std::int64_t) {
  fail("[peak] this processor has no products of bf16");
}

#endif

}  // namespace voxgrad
