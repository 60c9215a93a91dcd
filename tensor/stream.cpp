#include "tensor/stream.h"

#include <cstring>
#include <utility>

#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

const StreamOps& ops_of(Device device) {
  return backend(device).stream;
}

}  // namespace

Readback::Readback(const Tensor& source)
    : defined_(true), shape_(source.shape()), dtype_(source.dtype()), device_(source.device()) {
  if (!device_.is_cuda()) {
    values_ = source.clone();  // the source may change before get()
    return;
  }
  const StreamOps& ops = ops_of(device_);
  block_ = ops.allocate_host(source.bytes(), device_.index);
  try {
    ops.copy(block_, source.raw(), source.bytes(), device_.index);
    mark_ = ops.mark(device_.index);
  } catch (...) {
    ops.release_host(block_, device_.index);
    throw;
  }
}

Readback::~Readback() {
  reset();
}

Readback::Readback(Readback&& other) noexcept {
  *this = std::move(other);
}

Readback& Readback::operator=(Readback&& other) noexcept {
  if (this == &other) return *this;
  reset();
  defined_ = std::exchange(other.defined_, false);
  shape_ = other.shape_;
  dtype_ = other.dtype_;
  device_ = other.device_;
  block_ = std::exchange(other.block_, nullptr);
  mark_ = std::exchange(other.mark_, nullptr);
  values_ = std::exchange(other.values_, Tensor());
  return *this;
}

void Readback::reset() {
  if (block_ == nullptr) return;
  const StreamOps& ops = ops_of(device_);
  try {
    ops.wait(mark_, device_.index);  // the device may still be writing there
  } catch (const Error&) {
    // It has failed and writes no more; whoever asks it next is told.
  }
  ops.drop_mark(mark_, device_.index);
  ops.release_host(block_, device_.index);
  block_ = mark_ = nullptr;
}

Tensor Readback::get() {
  check(defined_, "[readback] there are no values");
  if (block_ != nullptr) {
    ops_of(device_).wait(mark_, device_.index);
    values_ = Tensor(shape_, dtype_);
    std::memcpy(values_.raw(), block_, values_.bytes());
    reset();
  }
  return values_;
}

Upload::~Upload() {
  for (Slot& slot : slots_) release(slot);
}

void Upload::release(Slot& slot) {
  if (slot.block == nullptr) return;
  const StreamOps& ops = ops_of(device_);
  if (slot.mark != nullptr) {
    try {
      ops.wait(slot.mark, device_.index);
    } catch (const Error&) {
      // See Readback::reset.
    }
    ops.drop_mark(slot.mark, device_.index);
  }
  ops.release_host(slot.block, device_.index);
  slot = {};
}

Tensor Upload::operator()(const Tensor& host) {
  if (!device_.is_cuda()) return host;
  const StreamOps& ops = ops_of(device_);
  if (!target_.defined() || target_.shape() != host.shape() || target_.dtype() != host.dtype())
    target_ = Tensor(host.shape(), host.dtype(), device_);
  Slot& slot = slots_[next_];
  next_ = 1 - next_;
  if (slot.bytes != host.bytes()) release(slot);
  if (slot.block == nullptr) {
    slot.block = ops.allocate_host(host.bytes(), device_.index);
    slot.bytes = host.bytes();
  } else if (slot.mark != nullptr) {
    ops.wait(slot.mark, device_.index);
    ops.drop_mark(std::exchange(slot.mark, nullptr), device_.index);
  }
  std::memcpy(slot.block, host.raw(), host.bytes());
  ops.copy(target_.raw(), slot.block, slot.bytes, device_.index);
  slot.mark = ops.mark(device_.index);
  return target_;
}

bool Recording::supported(Device device) {
  return ops_of(device).can_record(device.index);
}

Recording::Recording(Device device, const std::function<void()>& work) : device_(device) {
  const StreamOps& ops = ops_of(device);
  ops.begin_recording(device.index);
  try {
    work();
  } catch (...) {
    ops.end_recording(false, device.index);
    throw;
  }
  handle_ = ops.end_recording(true, device.index);
}

Recording::~Recording() {
  if (handle_) ops_of(device_).drop_recording(handle_, device_.index);
}

Recording::Recording(Recording&& other) noexcept
    : device_(other.device_), handle_(std::exchange(other.handle_, nullptr)) {}

Recording& Recording::operator=(Recording&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(handle_, other.handle_);
  return *this;
}

void Recording::replay() const {
  check(defined(), "[recording] nothing was recorded");
  ops_of(device_).replay(handle_, device_.index);
}

}  // namespace voxgrad
