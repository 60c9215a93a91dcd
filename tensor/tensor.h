// Tensor: a cheap handle on shared storage. Always contiguous, row-major, channels last:
// feature maps are [N,H,W,C] or [N,D,H,W,C]. Assignment shares, clone() copies.
// A default-constructed tensor is undefined: it stands for "none" (no bias, no gradient).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tensor/device.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"
#include "tensor/storage.h"

namespace voxgrad {

class Tensor {
 public:
  Tensor() = default;
  /// Uninitialised memory. DeviceError if there is not enough of it.
  explicit Tensor(const Shape& shape, DType dtype = DType::f32, Device device = {});

  static Tensor zeros(const Shape& shape, DType dtype = DType::f32, Device device = {});
  static Tensor full(const Shape& shape, double value, DType dtype = DType::f32,
                     Device device = {});
  /// A new tensor on the CPU with a copy of the values.
  template <class T>
  static Tensor from(const std::vector<T>& values, const Shape& shape);
  /// Uninitialised, with the shape, dtype and device of another.
  static Tensor like(const Tensor& other) {
    return Tensor(other.shape(), other.dtype(), other.device());
  }

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  std::int64_t numel() const { return shape_.numel(); }
  std::size_t bytes() const { return std::size_t(numel()) * size_of(dtype_); }
  DType dtype() const { return dtype_; }
  Device device() const;

  /// The elements. A handle does not own its elements' constness, so this is const.
  /// Error if T is not the dtype. On CUDA the pointer is a device pointer.
  template <class T>
  T* data() const {
    check_access(dtype_of<T>);
    return static_cast<T*>(raw());
  }
  void* raw() const;
  /// Grows whenever somebody gets the elements' address (raw(), data(), a kernel's argument), and
  /// so may write them: as long as it stays, so do the values. Shared by all tensors of a storage.
  /// An address must not be kept for longer than the work that it was asked for.
  std::uint64_t version() const;
  /// Makes it grow: for who writes without asking for the address.
  void mark_written() const;
  /// Copies all elements to the host (synchronises with the device).
  template <class T>
  std::vector<T> to_vector() const;
  /// The value of a tensor with one element, of any float type.
  double item() const;

  Tensor clone() const;
  /// The same values elsewhere or in another dtype (f64, f32, bf16, u8, i64; rounding to nearest
  /// even). Shares storage where nothing changes.
  Tensor to(Device device) const;
  Tensor to(DType dtype) const;
  /// The same storage in another shape with as many elements.
  Tensor reshape(const Shape& shape) const;
  /// Rows [begin, end) of the first dimension, sharing storage.
  Tensor slice(std::int64_t begin, std::int64_t end) const;
  /// Overwrites this tensor's elements with another's (same shape and dtype, any device).
  void copy_from(const Tensor& source) const;
  void fill(double value) const;

  /// True if no other tensor shares the storage, so that it may be overwritten.
  bool unique() const { return storage_.use_count() == 1; }
  bool shares_storage_with(const Tensor& other) const { return storage_ == other.storage_; }

 private:
  void check_access(DType requested) const;

  std::shared_ptr<Storage> storage_;
  Shape shape_;
  std::size_t offset_ = 0;  // in elements
  DType dtype_ = DType::f32;
};

/// Checks that all tensors have one dtype and one device; the message names op and both tensors.
void check_same_kind(const char* op, const Tensor& a, const Tensor& b);
void check_shape(const char* op, const char* what, const Tensor& tensor, const Shape& expected);

}  // namespace voxgrad
