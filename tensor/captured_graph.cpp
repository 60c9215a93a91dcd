#include "tensor/captured_graph.h"

#include <algorithm>
#include <utility>

#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

thread_local CapturedGraph* recording_now = nullptr;

}  // namespace

bool CapturedGraph::supported(Device device) {
  return backend(device).stream.can_record(device.index);
}

bool CapturedGraph::recording() {
  return recording_now != nullptr;
}

CapturedGraph::CapturedGraph(Device device, const std::function<void()>& work) : device_(device) {
  const StreamOps& ops = backend(device).stream;
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
  for (Derived& each : derived_)
    each.source_written = !each.refresh || each.source.version() != each.version;
}

void CapturedGraph::derived(const Tensor& source, std::function<void()> refresh) {
  check(recording_now != nullptr, "[recording] this thread records nothing");
  recording_now->derived_.push_back({source, std::move(refresh), source.version()});
}

CapturedGraph::~CapturedGraph() {
  if (handle_) backend(device_).stream.drop_recording(handle_, device_.index);
}

CapturedGraph::CapturedGraph(CapturedGraph&& other) noexcept
    : device_(other.device_),
      derived_(std::move(other.derived_)),
      handle_(std::exchange(other.handle_, nullptr)) {}

CapturedGraph& CapturedGraph::operator=(CapturedGraph&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(derived_, other.derived_);
  std::swap(handle_, other.handle_);
  return *this;
}

void CapturedGraph::replay() const {
  check(defined(), "[recording] nothing was recorded");
  for (const Derived& each : derived_)
    if (each.refresh) each.refresh();
  backend(device_).stream.replay(handle_, device_.index);
  for (const Derived& each : derived_)
    if (each.source_written) each.source.mark_written();
}

bool GraphedWork::is_known(const std::vector<Tensor>& inputs, std::int64_t variant) const {
  return variant == variant_ &&
         std::ranges::equal(inputs, inputs_, [](const Tensor& a, const Tensor& b) {
           return a.raw() == b.raw() && a.shape() == b.shape() && a.dtype() == b.dtype();
         });
}

void GraphedWork::operator()(const std::vector<Tensor>& inputs, std::int64_t variant,
                             const std::function<void()>& work) {
  const bool known = is_known(inputs, variant) && CapturedGraph::supported(device_);
  if (known) {
    if (!recording_.defined()) recording_ = CapturedGraph(device_, work);
    return recording_.replay();
  }
  recording_ = CapturedGraph();
  inputs_.clear();
  work();
  if (!CapturedGraph::supported(device_)) return;
  inputs_ = inputs;
  variant_ = variant;
}

}  // namespace voxgrad
