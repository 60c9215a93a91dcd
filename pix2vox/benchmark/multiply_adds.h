// Chains of multiply-adds that never leave the registers: the arithmetic that a thread can do at
// most.
#pragma once

#include <cstdint>

namespace voxgrad {

/// What a thread has done, in single multiply-adds. checksum: keeps the work from being dropped.
struct MultiplyAdds {
  double count = 0;
  float checksum = 0;
};

/// f32 vectors of the level in use (simd/isa.h).
MultiplyAdds multiply_f32_in_registers(std::int64_t steps);

/// Whether this processor, at the level in use, multiplies pairs of bf16 (AVX512-BF16).
bool multiplies_bf16();
/// Only where multiplies_bf16().
MultiplyAdds multiply_bf16_in_registers(std::int64_t steps);

}  // namespace voxgrad
