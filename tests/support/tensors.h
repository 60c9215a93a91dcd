// Tensors for tests: random ones, ones with sentinels around them, and measures of how far two are
// apart. All of them are on the CPU; move results of other devices there first.
#pragma once

#include "tensor/rng.h"
#include "tensor/tensor.h"

namespace voxgrad::testing {

/// Standard normal values, rounded to the dtype: an f32 tensor and its to(f64) are equal.
Tensor random_normal(Rng& rng, const Shape& shape, DType dtype = DType::f64);
Tensor random_uniform(Rng& rng, const Shape& shape, double low, double high,
                      DType dtype = DType::f64);
/// Uniform in low..high, both included.
std::int64_t random_int(Rng& rng, std::int64_t low, std::int64_t high);

/// Largest |a - b|, over the largest |b| (or 1e-300). NaN anywhere gives infinity.
double max_relative_error(const Tensor& a, const Tensor& b);

/// Bitwise equality of shape, dtype and elements.
bool identical(const Tensor& a, const Tensor& b);

/// An output for a kernel under test: filled with NaN (integers: 0xA5), so that an element the
/// kernel forgets shows, and surrounded by sentinels, so that a write outside shows.
class GuardedTensor {
 public:
  explicit GuardedTensor(const Shape& shape, DType dtype = DType::f64);

  const Tensor& tensor() const { return tensor_; }
  operator const Tensor&() const { return tensor_; }

  /// True while nobody has written before or after the tensor.
  bool intact() const;

 private:
  Tensor whole_, tensor_;
};

}  // namespace voxgrad::testing
