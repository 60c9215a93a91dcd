#include "tensor/stream.h"

#include <cstring>
#include <utility>

#include "tensor/ops/backend.h"
#include "tensor/ops/size_class.h"

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
  ops.destroy_event(mark_, device_.index);
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

void Upload::wait_until_copied(Slot& slot) const {
  if (slot.copied == nullptr) return;
  const StreamOps& ops = ops_of(device_);
  ops.wait(slot.copied, device_.index);
  ops.destroy_event(std::exchange(slot.copied, nullptr), device_.index);
}

void Upload::release(Slot& slot) {
  if (slot.block == nullptr) return;
  const StreamOps& ops = ops_of(device_);
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
  slot.block = ops_of(device_).allocate_host(enough, device_.index);
  slot.there = std::move(there);
}

void Upload::operator()(std::size_t bytes, const std::function<void(std::uint8_t*)>& write,
                        const std::function<void(const Tensor&)>& read) {
  if (!device_.is_cuda()) {
    const Tensor here({std::int64_t(bytes)}, DType::u8);
    write(here.data<std::uint8_t>());
    return read(here);
  }
  const StreamOps& ops = ops_of(device_);
  Slot& slot = slots_[next_];
  next_ = 1 - next_;
  wait_until_copied(slot);
  reserve(slot, bytes);
  write(static_cast<std::uint8_t*>(slot.block));
  // Memory that is new here may be what earlier work still uses.
  if (slot.read == nullptr) slot.read = ops.mark(device_.index);
  slot.copied = ops.upload(slot.there.raw(), slot.block, bytes, slot.read, device_.index);
  ops.destroy_event(std::exchange(slot.read, nullptr), device_.index);
  read(slot.there.slice(0, std::int64_t(bytes)));
  slot.read = ops.mark(device_.index);
}

Tensor Upload::operator()(const Tensor& host) {
  if (!device_.is_cuda()) return host;
  if (!target_.defined() || target_.shape() != host.shape() || target_.dtype() != host.dtype())
    target_ = Tensor(host.shape(), host.dtype(), device_);
  (*this)(
      host.bytes(), [&](std::uint8_t* block) { std::memcpy(block, host.raw(), host.bytes()); },
      [&](const Tensor& there) {
        ops_of(device_).copy(target_.raw(), there.raw(), there.bytes(), device_.index);
      });
  return target_;
}

bool CapturedGraph::supported(Device device) {
  return ops_of(device).can_record(device.index);
}

namespace {

thread_local CapturedGraph* recording_now = nullptr;

}  // namespace

bool recording_in_this_thread() {
  return recording_now != nullptr;
}

CapturedGraph::CapturedGraph(Device device, const std::function<void()>& work) : device_(device) {
  const StreamOps& ops = ops_of(device);
  ops.begin_recording(device.index);
  recording_now = this;
  try {
    work();
  } catch (...) {
    recording_now = nullptr;
    ops.end_recording(false, device.index);
    throw;
  }
  recording_now = nullptr;
  handle_ = ops.end_recording(true, device.index);
}

void CapturedGraph::round_before_replays(const Tensor& tensor) {
  check(recording_now != nullptr, "[recording] this thread records nothing");
  recording_now->rounded_.push_back(tensor);
}

CapturedGraph::~CapturedGraph() {
  if (handle_) ops_of(device_).drop_recording(handle_, device_.index);
}

CapturedGraph::CapturedGraph(CapturedGraph&& other) noexcept
    : device_(other.device_),
      rounded_(std::move(other.rounded_)),
      handle_(std::exchange(other.handle_, nullptr)) {}

CapturedGraph& CapturedGraph::operator=(CapturedGraph&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(rounded_, other.rounded_);
  std::swap(handle_, other.handle_);
  return *this;
}

void CapturedGraph::replay() const {
  check(defined(), "[recording] nothing was recorded");
  for (const Tensor& tensor : rounded_) tensor.round_where_needed();
  ops_of(device_).replay(handle_, device_.index);
}

}  // namespace voxgrad
