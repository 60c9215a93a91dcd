// What the tests of the CUDA backend share. The same sources are built twice: test_cuda runs on a
// GPU (and skips where there is none), test_cuda_emulated runs the same kernels on the CPU
// (tests/cuda/emulation).
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "cpu/kernels.h"
#include "cuda/runtime/memory.h"
#include "tensor/ops/backend.h"
#include "tests/support/bf16_rounding.h"
#include "tests/support/tensors.h"

namespace voxgrad::testing {

/// True, and says so, where no kernel can run. Every test case asks first.
inline bool no_device() {
  if (cuda_device_count() > 0) return false;
  std::puts("skipped: no CUDA device");
  return true;
}

/// The same for what needs two of them.
inline bool no_second_device() {
  if (cuda_device_count() > 1) return false;
  std::puts("skipped: no second CUDA device");
  return true;
}

/// While one lives, the devices' memory is exact or not, independent of the environment.
class ExactMemory {
 public:
  explicit ExactMemory(bool exact) { set(exact); }
  ~ExactMemory() { set(std::getenv("VOXGRAD_EXACT_MEMORY") != nullptr); }
  ExactMemory(const ExactMemory&) = delete;
  ExactMemory& operator=(const ExactMemory&) = delete;

 private:
  static void set(bool exact) {
    for (int index = 0; index < cuda_device_count(); ++index) cuda::use_exact_memory(exact, index);
  }
};

inline const Backend& gpu() {
  return backend(Device::cuda());
}

inline Tensor to_gpu(const Tensor& tensor) {
  return tensor.defined() ? tensor.to(Device::cuda()) : tensor;
}

inline Tensor to_cpu(const Tensor& tensor) {
  return tensor.to(Device::cpu());
}

inline constexpr DType kFloats[] = {DType::f64, DType::f32};
inline constexpr DType kMaps[] = {DType::f64, DType::f32, DType::bf16};
inline constexpr DType kAll[] = {DType::f64, DType::f32, DType::bf16, DType::u8, DType::i64};
/// Around the sizes of packs, warps, blocks and grids.
inline constexpr std::int64_t kLengths[] = {1, 3, 7, 8, 33, 255, 1000, 4099};

/// The dtype of statistics and parameters beside a map.
inline DType parameters_of(DType map) {
  return map == DType::bf16 ? DType::f32 : map;
}

/// Allowed max_relative_error where terms are about as large as the result.
inline double tolerance(DType dtype) {
  return dtype == DType::f64 ? 1e-14 : dtype == DType::f32 ? 1e-6 : 0x1p-8;
}

/// An output on the device: NaN inside (integers: 0xA5), sentinels around it. An odd offset makes
/// its address one that packs do not fit.
class GuardedOutput {
 public:
  explicit GuardedOutput(const Shape& shape, DType dtype, std::int64_t offset = 0)
      : guard_(64 + offset) {
    Tensor host({shape.numel() + 2 * guard_}, dtype);
    std::memset(host.raw(), kSentinel, host.bytes());
    const Tensor inside = host.slice(guard_, guard_ + shape.numel());
    if (dtype == DType::f64 || dtype == DType::f32 || dtype == DType::bf16)
      inside.fill(std::numeric_limits<double>::quiet_NaN());
    whole_ = to_gpu(host);
    tensor_ = whole_.slice(guard_, guard_ + shape.numel()).reshape(shape);
  }

  operator const Tensor&() const { return tensor_; }
  const Tensor& tensor() const { return tensor_; }
  /// The result on the CPU. Fails the test if something was written outside of it.
  Tensor get() const {
    const Tensor host = to_cpu(whole_);
    const auto* bytes = static_cast<const unsigned char*>(host.raw());
    const std::size_t guard = std::size_t(guard_) * size_of(host.dtype());
    bool intact = true;
    for (std::size_t i = 0; i < guard; ++i)
      intact = intact && bytes[i] == kSentinel && bytes[host.bytes() - 1 - i] == kSentinel;
    CHECK_MESSAGE(intact, "written outside of the result");
    return host.slice(guard_, host.numel() - guard_).reshape(tensor_.shape());
  }

 private:
  static constexpr unsigned char kSentinel = 0xA5;
  std::int64_t guard_;
  Tensor whole_, tensor_;
};

/// The same values on the device at an address that packs do not fit.
inline Tensor to_gpu_misaligned(const Tensor& tensor) {
  const Tensor whole({tensor.numel() + 1}, tensor.dtype(), Device::cuda());
  const Tensor inside = whole.slice(1, tensor.numel() + 1).reshape(tensor.shape());
  inside.copy_from(tensor);
  return inside;
}

/// Compares a result with f64 values of the CPU: the largest error, relative to the largest value,
/// and in f32 the mean square error too (TRUST: at most 1e-9 of the mean square).
inline void check_close(const Tensor& actual, const Tensor& expected, double factor = 1) {
  CHECK(max_relative_error(actual, expected) <= factor * tolerance(actual.dtype()));
  const std::vector<double> a = actual.to(DType::f64).to_vector<double>();
  const std::vector<double> e = expected.to(DType::f64).to_vector<double>();
  double error = 0, square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    error += (a[i] - e[i]) * (a[i] - e[i]);
    square += e[i] * e[i];
  }
  if (actual.dtype() != DType::bf16) CHECK(error <= 1e-9 * square);
}

/// The same of a map; in bf16 element by element: half a unit in the last of its 8 bits, plus what
/// two orders of f32 sums may differ by.
inline void check_map(const Tensor& actual, const Tensor& expected, double factor) {
  if (actual.dtype() != DType::bf16) return check_close(actual, expected, factor);
  CHECK(bf16_rounding_share(actual, expected, 2e-6) <= 1);
}

}  // namespace voxgrad::testing
