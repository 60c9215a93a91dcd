#include "pix2vox/benchmark/peak_flops.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "pix2vox/benchmark/multiply_adds.h"
#include "simd/isa.h"
#include "tensor/ops/backend.h"

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

constexpr std::int64_t kSteps = 5'000'000;
// Read by nobody: keeps the work from being dropped.
volatile float sink = 0;

/// Operations per second of all threads together, a multiply-add being two.
double operations_per_second(MultiplyAdds (*work)(std::int64_t)) {
  double count = 0;
  const double seconds = min_seconds([&] {
    double done = 0, total = 0;
#pragma omp parallel reduction(+ : done, total)
    {
      const MultiplyAdds mine = work(kSteps);
      done += mine.count;
      total += double(mine.checksum);
    }
    count = done;
    sink = float(total);
  });
  return 2 * count / seconds;
}

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
          concat("a matrix product of side ", size, ", ", dtype)};
}

}  // namespace

Peak measure_peak_flops(Device device, DType dtype) {
  check(dtype == DType::f32 || dtype == DType::bf16, "[peak] expects f32 or bf16, got ", dtype);
  if (device.is_cuda()) return matrix_product(device, dtype);
  if (dtype == DType::f32)
    return {operations_per_second(multiply_f32_in_registers),
            concat("fused multiply-adds in registers, f32, ", name(current_isa()))};
  if (multiplies_bf16())
    return {operations_per_second(multiply_bf16_in_registers), "multiply-adds in registers, bf16"};
  return matrix_product(device, dtype);
}

}  // namespace voxgrad
