// Values that travel between host and device while both continue to work. All of it works on the
// CPU too, where nothing has to travel.
#pragma once

#include <cstdint>
#include <functional>

#include "tensor/tensor.h"

namespace voxgrad {

/// A tensor's values on their way to the host: those it has when the work asked for so far is done.
class Readback {
 public:
  Readback() = default;
  explicit Readback(const Tensor& source);
  ~Readback();
  Readback(Readback&& other) noexcept;
  Readback& operator=(Readback&& other) noexcept;

  bool defined() const { return defined_; }
  /// Waits for them. A tensor on the CPU.
  Tensor get();

 private:
  void reset();

  bool defined_ = false;
  Shape shape_;
  DType dtype_ = DType::f32;
  Device device_;
  void* block_ = nullptr;
  void* copied_ = nullptr;  // an event: block_ holds the values
  Tensor values_;           // of a CPU tensor, there at once
};

/// Inputs that come one after the other. Two are on their way at a time, each in host memory and
/// device memory of its own: while the device works on one, the host writes the next and it is
/// copied. On the CPU nothing has to be copied.
class Upload {
 public:
  explicit Upload(Device device) : device_(device) {}
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  /// `write` puts so many bytes into the memory that it is given. `read` gets them on the device,
  /// u8 [bytes], and asks there for all work that needs them: they are overwritten when it is done.
  void operator()(std::size_t bytes, const std::function<void(std::uint8_t*)>& write,
                  const std::function<void(const Tensor&)>& read);
  /// The values of `host` on the device. On the CPU, `host` itself. Elsewhere the same tensor at
  /// every call with the same shape and dtype, overwritten in order with all other work: what was
  /// asked for before still reads the values before.
  Tensor operator()(const Tensor& host);

 private:
  struct Slot {
    void* block = nullptr;  // on the host
    Tensor there;           // as many bytes
    void* copied = nullptr;
    void* read = nullptr;  // what read `there`; null: all work asked for so far may
  };
  void reserve(Slot& slot, std::size_t bytes);
  void wait_until_copied(Slot& slot) const;
  void release(Slot& slot);

  Device device_;
  Tensor target_;
  Slot slots_[2];
  int next_ = 0;
};

}  // namespace voxgrad
