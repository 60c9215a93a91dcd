// Which instruction set our kernels use. They are compiled once for every level, in one program,
// and the best level of the processor is chosen when the program runs. The environment variable
// VOXGRAD_ISA asks for a lower one, of our kernels and of oneDNN.
#pragma once

#include <string_view>
#include <vector>

#include "tensor/error.h"

namespace voxgrad {

/// sse4: x86-64-v2, what every x86-64 processor since 2009 has. avx2: with FMA, BMI2 and F16C.
/// avx512: F, BW, CD, DQ and VL. neon: every 64-bit Arm processor. portable: none of these.
enum class Isa { portable, neon, sse4, avx2, avx512 };

/// "sse4", "avx2", ...: the names that VOXGRAD_ISA takes.
std::string_view name(Isa isa);

/// The levels that this program has kernels for and this processor can run, lowest first.
const std::vector<Isa>& available_isas();

/// The level in use: the best one, or that of VOXGRAD_ISA. ConfigError where VOXGRAD_ISA names no
/// level, or one that the processor lacks.
Isa current_isa();

namespace simd {

/// Makes Highway choose among the kernels of current_isa() and below. An unusable VOXGRAD_ISA
/// changes nothing here: current_isa() reports it. Called by simd/simd.h, before main().
bool limit_kernels() noexcept;

}  // namespace simd
}  // namespace voxgrad
