// The most that a device can multiply and add in a second, measured: what a benchmark's figures
// are a share of.
#pragma once

#include <string>

#include "tensor/device.h"
#include "tensor/dtype.h"

namespace voxgrad {

struct Peak {
  double operations = 0;  // a second; a multiply-add counts as two
  std::string how;        // what ran: "fused multiply-adds in registers, f32, avx2"
};

/// On the CPU: chains of multiply-adds that never leave the registers, at the level in use
/// (simd/isa.h), on all threads; bf16 where the processor multiplies it. Elsewhere, and where it
/// does not: a large matrix product of ours, which reaches less. dtype: f32 or bf16. Takes some
/// tenths of a second.
Peak measure_peak_flops(Device device, DType dtype = DType::f32);

}  // namespace voxgrad
