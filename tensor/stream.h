// Keeping a device busy: values that travel to and from it while the host goes on, and work that is
// recorded once and repeated. All of it works on the CPU too, where nothing has to travel.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

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
  void* mark_ = nullptr;
  Tensor values_;  // of a CPU tensor, there at once
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

/// Work of fixed shapes on fixed memory, recorded once. What it reads and was made before must
/// outlive it; tensors made by it belong to it and are overwritten by every replay. Roundings that
/// it reads (Tensor::rounded) are brought up to date before each replay.
class CapturedGraph {
 public:
  /// False on the CPU, and where VOXGRAD_NO_GRAPHS is set in the environment.
  static bool supported(Device device);
  CapturedGraph() = default;
  /// Calls `work`, which is recorded and not done. It must not read from the device.
  CapturedGraph(Device device, const std::function<void()>& work);
  ~CapturedGraph();
  CapturedGraph(CapturedGraph&& other) noexcept;
  CapturedGraph& operator=(CapturedGraph&& other) noexcept;

  bool defined() const { return handle_ != nullptr; }
  void replay() const;
  /// Of the recording that this thread makes: the work reads the tensor's kept rounding.
  static void round_before_replays(const Tensor& tensor);

 private:
  Device device_;
  std::vector<Tensor> rounded_;
  void* handle_ = nullptr;
};

}  // namespace voxgrad
