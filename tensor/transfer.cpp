#include "tensor/transfer.h"

#include <cstring>
#include <utility>

#include "tensor/ops/backend.h"
#include "tensor/ops/size_class.h"

namespace voxgrad {
Readback::Readback(const Tensor& source)
    : defined_(true), shape_(source.shape()), dtype_(source.dtype()), device_(source.device()) {
  if (!device_.is_cuda()) {
    values_ = source.clone();  // the source may change before get()
    return;
  }
  const StreamOps& ops = backend(device_).stream;
  block_ = ops.allocate_host(source.bytes(), device_.index);
  try {
    ops.copy(block_, source.raw(), source.bytes(), device_.index);
    copied_ = ops.record_event(device_.index);
  } catch (...) {
    try {
      backend(device_).memory.synchronize(device_.index);  // the copy may be on its way
    } catch (const Error&) {
      // See reset().
    }
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
  copied_ = std::exchange(other.copied_, nullptr);
  values_ = std::exchange(other.values_, Tensor());
  return *this;
}

void Readback::reset() {
  if (block_ == nullptr) return;
  const StreamOps& ops = backend(device_).stream;
  try {
    ops.wait_event(copied_, device_.index);  // the device may still be writing there
  } catch (const Error&) {
    // It has failed and writes no more; whoever asks it next is told.
  }
  ops.destroy_event(copied_, device_.index);
  ops.release_host(block_, device_.index);
  block_ = copied_ = nullptr;
}

Tensor Readback::get() {
  check(defined_, "[readback] there are no values");
  if (block_ != nullptr) {
    backend(device_).stream.wait_event(copied_, device_.index);
    values_ = Tensor(shape_, dtype_);
    std::memcpy(values_.raw(), block_, values_.bytes());
    reset();
  }
  return values_;
}

Upload::~Upload() {
  for (Slot& slot : slots_) release(slot);
}

void Upload::wait_until_copied(Slot& slot) const {
  if (slot.copied == nullptr) return;
  const StreamOps& ops = backend(device_).stream;
  ops.wait_event(slot.copied, device_.index);
  ops.destroy_event(std::exchange(slot.copied, nullptr), device_.index);
}

void Upload::release(Slot& slot) {
  if (slot.block == nullptr) return;
  const StreamOps& ops = backend(device_).stream;
  try {
    wait_until_copied(slot);
  } catch (const Error&) {
    ops.destroy_event(slot.copied, device_.index);  // see Readback::reset
  }
  if (slot.read) ops.destroy_event(slot.read, device_.index);
  ops.release_host(slot.block, device_.index);
  slot = {};
}

void Upload::reserve(Slot& slot, std::size_t bytes) {
  if (slot.block != nullptr && slot.there.bytes() >= bytes) return;
  release(slot);
  // Blocks of host memory are kept by size, and inputs of a kind may differ in size.
  const std::size_t enough = size_class(bytes, 4096);
  Tensor there({std::int64_t(enough)}, DType::u8, device_);
  slot.block = backend(device_).stream.allocate_host(enough, device_.index);
  slot.there = std::move(there);
}

void Upload::operator()(std::size_t bytes, const std::function<void(std::uint8_t*)>& write,
                        const std::function<void(const Tensor&)>& read) {
  if (!device_.is_cuda()) {
    const Tensor here({std::int64_t(bytes)}, DType::u8);
    write(here.data<std::uint8_t>());
    return read(here);
  }
  const StreamOps& ops = backend(device_).stream;
  Slot& slot = slots_[next_];
  next_ = 1 - next_;
  wait_until_copied(slot);
  reserve(slot, bytes);
  write(static_cast<std::uint8_t*>(slot.block));
  // Memory that is new here may be what earlier work still uses.
  if (slot.read == nullptr) slot.read = ops.record_event(device_.index);
  slot.copied = ops.upload(slot.there.raw(), slot.block, bytes, slot.read, device_.index);
  ops.destroy_event(std::exchange(slot.read, nullptr), device_.index);
  read(slot.there.slice(0, std::int64_t(bytes)));
  slot.read = ops.record_event(device_.index);
}

Tensor Upload::operator()(const Tensor& host) {
  if (!device_.is_cuda()) return host;
  if (!target_.defined() || target_.shape() != host.shape() || target_.dtype() != host.dtype())
    target_ = Tensor(host.shape(), host.dtype(), device_);
  (*this)(
      host.bytes(), [&](std::uint8_t* block) { std::memcpy(block, host.raw(), host.bytes()); },
      [&](const Tensor& there) {
        backend(device_).stream.copy(target_.raw(), there.raw(), there.bytes(), device_.index);
      });
  return target_;
}

}  // namespace voxgrad
