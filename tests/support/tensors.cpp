#include "tests/support/tensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace voxgrad::testing {
namespace {

constexpr unsigned char kSentinel = 0xA5;
// Elements on each side; a multiple of 64 keeps the inside as aligned as the allocator's blocks.
constexpr std::int64_t kGuard = 64;

}  // namespace

Tensor random_normal(Rng& rng, const Shape& shape, DType dtype) {
  std::vector<double> values(std::size_t(shape.numel()));
  for (double& value : values) value = rng.normal();
  return Tensor::from(values, shape).to(dtype);
}

Tensor random_uniform(Rng& rng, const Shape& shape, double low, double high, DType dtype) {
  std::vector<double> values(std::size_t(shape.numel()));
  for (double& value : values) value = rng.uniform(low, high);
  return Tensor::from(values, shape).to(dtype);
}

std::int64_t random_int(Rng& rng, std::int64_t low, std::int64_t high) {
  return low + std::int64_t(rng.below(std::uint64_t(high - low + 1)));
}

double max_relative_error(const Tensor& a, const Tensor& b) {
  check_shape("max_relative_error", "a", a, b.shape());
  const std::vector<double> p = a.to(DType::f64).to_vector<double>();
  const std::vector<double> q = b.to(DType::f64).to_vector<double>();
  double difference = 0, scale = 1e-300;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double d = std::fabs(p[i] - q[i]);
    if (!(d < std::numeric_limits<double>::infinity()))
      return std::numeric_limits<double>::infinity();
    difference = std::max(difference, d);
    scale = std::max(scale, std::fabs(q[i]));
  }
  return difference / scale;
}

bool identical(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

GuardedTensor::GuardedTensor(const Shape& shape, DType dtype)
    : whole_({shape.numel() + 2 * kGuard}, dtype) {
  std::memset(whole_.raw(), kSentinel, whole_.bytes());
  const Tensor inside = whole_.slice(kGuard, kGuard + shape.numel());
  if (dtype == DType::f64 || dtype == DType::f32 || dtype == DType::bf16)
    inside.fill(std::numeric_limits<double>::quiet_NaN());
  tensor_ = inside.reshape(shape);
}

bool GuardedTensor::intact() const {
  const auto* bytes = static_cast<const unsigned char*>(whole_.raw());
  const std::size_t guard = kGuard * size_of(whole_.dtype());
  for (std::size_t i = 0; i < guard; ++i)
    if (bytes[i] != kSentinel || bytes[whole_.bytes() - 1 - i] != kSentinel) return false;
  return true;
}

}  // namespace voxgrad::testing
