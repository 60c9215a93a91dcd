#include "simd/isa.h"

#include <hwy/targets.h>

#include <cstdlib>

namespace voxgrad {
namespace {

constexpr Isa kIsas[] = {Isa::portable, Isa::neon, Isa::sse4, Isa::avx2, Isa::avx512};

/// Of the targets that Highway compiles here, those that belong to a level.
std::int64_t targets_of(Isa isa) {
  const std::int64_t compiled = HWY_TARGETS;
#if HWY_ARCH_X86
  if (isa == Isa::sse4) return compiled & HWY_SSSE3;
  if (isa == Isa::avx2) return compiled & HWY_AVX2;
  if (isa == Isa::avx512) return compiled & HWY_AVX3;
  return 0;
#elif HWY_ARCH_ARM_A64
  return isa == Isa::neon ? compiled : 0;
#else
  return isa == Isa::portable ? compiled : 0;
#endif
}

std::vector<Isa> find_available_isas() {
  const std::int64_t supported = std::int64_t(hwy::SupportedTargets()) | HWY_STATIC_TARGET;
  std::vector<Isa> result;
  for (const Isa isa : kIsas)
    if (targets_of(isa) & supported) result.push_back(isa);
  check<DeviceError>(!result.empty(), "[isa] this processor lacks what the program was built for");
  return result;
}

std::string listed(const std::vector<Isa>& isas) {
  std::string result;
  for (const Isa isa : isas) result.append(result.empty() ? "" : ", ").append(name(isa));
  return result;
}

Isa choose_isa() {
  const std::vector<Isa>& available = available_isas();
  const char* const wanted = std::getenv("VOXGRAD_ISA");
  if (!wanted || !*wanted) return available.back();
  for (const Isa isa : available)
    if (name(isa) == wanted) return isa;
  for (const Isa isa : kIsas)
    check<ConfigError>(name(isa) != wanted, "VOXGRAD_ISA=", wanted,
                       ": this processor has no such instructions; it has: ", listed(available));
  fail<ConfigError>("VOXGRAD_ISA=", wanted,
                    ": no such instruction set; this processor has: ", listed(available));
}

}  // namespace

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::portable:
      return "portable";
    case Isa::neon:
      return "neon";
    case Isa::sse4:
      return "sse4";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
  }
  fail("[isa] no such instruction set");
}

const std::vector<Isa>& available_isas() {
  static const std::vector<Isa> available = find_available_isas();
  return available;
}

Isa current_isa() {
  static const Isa chosen = choose_isa();
  return chosen;
}

namespace simd {

bool limit_kernels() noexcept try {
  std::int64_t higher = 0;
  for (const Isa isa : available_isas())
    if (isa > current_isa()) higher |= targets_of(isa);
  hwy::DisableTargets(static_cast<decltype(hwy::SupportedTargets())>(higher));
  return true;
} catch (const Error&) {
  return false;
}

}  // namespace simd
}  // namespace voxgrad
