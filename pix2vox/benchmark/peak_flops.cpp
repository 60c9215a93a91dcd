#include "pix2vox/benchmark/peak_flops.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "tensor/ops/backend.h"

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

namespace voxgrad {
namespace {

double min_seconds(const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  double least = 1e9, spent = 0;
  for (int i = 0; i < 3 || (spent < 0.3 && i < 50); ++i) {
    const auto start = Clock::now();
    run();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    least = std::min(least, seconds);
    spent += seconds;
  }
  return least;
}

constexpr int kChains = 10;  // enough to hide the latency of each
constexpr std::int64_t kSteps = 5'000'000;
// Read by nobody: keeps the work from being dropped.
volatile float sink = 0;

#ifdef __AVX512F__
constexpr int kLanes = 16;
#else
constexpr int kLanes = 8;
#endif

void multiply_in_registers() {
  float total = 0;
#pragma omp parallel reduction(+ : total)
  {
    using Lanes [[gnu::vector_size(4 * kLanes)]] = float;
    Lanes sums[kChains] = {};
    for (std::int64_t step = 0; step < kSteps; ++step)
      for (int chain = 0; chain < kChains; ++chain)
        sums[chain] = sums[chain] * 0.999f + float(chain + 1);
    for (const Lanes& sum : sums) total += sum[0];
  }
  sink = total;
}

#ifdef __AVX512BF16__
void multiply_bf16_in_registers() {
  float total = 0;
#pragma omp parallel reduction(+ : total)
  {
    __m512 sums[kChains];  // each from another number, or the compiler makes one of them
    for (int chain = 0; chain < kChains; ++chain) sums[chain] = _mm512_set1_ps(float(chain));
    const __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(0.25f));
    for (std::int64_t step = 0; step < kSteps; ++step)
      for (int chain = 0; chain < kChains; ++chain)
        sums[chain] = _mm512_dpbf16_ps(sums[chain], a, a);
    for (const __m512& sum : sums) total += _mm512_cvtss_f32(sum);
  }
  sink = total;
}
#endif

Peak matrix_product(Device device, DType dtype) {
  const std::int64_t size = device.is_cuda() ? 8192 : 2048;
  const Tensor x = Tensor::full({size, size}, 0.5, dtype, device), y = Tensor::like(x);
  const ConvGeometry geometry = ConvGeometry::linear("peak", x.shape(), x.shape());
  const Backend& kernels = backend(device);
  const double seconds = min_seconds([&] {
    kernels.conv.forward(geometry, x, x, {}, y);
    kernels.memory.synchronize(device.index);
  });
  return {2 * double(geometry.multiply_adds()) / seconds,
          concat("a matrix product of edge ", size, ", ", dtype)};
}

}  // namespace

Peak measure_peak_flops(Device device, DType dtype) {
  check(dtype == DType::f32 || dtype == DType::bf16, "[peak] expects f32 or bf16, got ", dtype);
  if (device.is_cuda()) return matrix_product(device, dtype);
  const double chains = double(kChains) * double(kSteps) * omp_get_max_threads();
  if (dtype == DType::f32)
    return {2 * kLanes * chains / min_seconds(multiply_in_registers),
            "fused multiply-adds in registers, f32"};
#ifdef __AVX512BF16__
  return {2 * 32 * chains / min_seconds(multiply_bf16_in_registers),
          "multiply-adds in registers, bf16"};
#else
  return matrix_product(device, dtype);
#endif
}

}  // namespace voxgrad
