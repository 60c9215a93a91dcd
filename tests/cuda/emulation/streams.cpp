#include "tests/cuda/emulation/streams.h"

#include <deque>
#include <mutex>
#include <utility>
#include <vector>

struct EmulatedStream {
  bool first = false;
  std::deque<std::function<cudaError_t()>> queue;
  std::uint64_t asked = 0, done = 0;
};

/// The place in a stream that was recorded last.
struct EmulatedEvent {
  EmulatedStream* stream = nullptr;
  std::uint64_t position = 0;
};

namespace voxgrad::emulation {
namespace {

std::recursive_mutex mutex;
std::vector<EmulatedStream*> streams;
Late late = Late::none;
int records_until_failure = -1;         // negative: none fails
cudaError_t first_error = cudaSuccess;  // of late work; told to whoever waits next

bool is_late(const EmulatedStream& stream) {
  return late == Late::all || late == (stream.first ? Late::first : Late::others);
}

/// Does a stream's work up to a position, and what that waits for on other streams.
void run(EmulatedStream& stream, std::uint64_t position) {
  while (stream.done < position) {
    const auto work = std::move(stream.queue.front());
    stream.queue.pop_front();
    const cudaError_t status = work();
    if (first_error == cudaSuccess) first_error = status;
    ++stream.done;
  }
}

cudaError_t take_error() {
  return std::exchange(first_error, cudaSuccess);
}

}  // namespace

void set_late(Late chosen) {
  finish_everything();
  late = chosen;
}

void fail_event_record(int after) {
  const std::lock_guard lock(mutex);
  records_until_failure = after;
}

cudaError_t finish_everything() {
  const std::lock_guard lock(mutex);
  for (EmulatedStream* stream : streams) run(*stream, stream->asked);
  return take_error();
}

cudaError_t enqueue(cudaStream_t stream, std::function<cudaError_t()> work) {
  const std::lock_guard lock(mutex);
  if (stream == nullptr || capture(stream, work)) return stream ? cudaSuccess : work();
  stream->queue.push_back(std::move(work));
  ++stream->asked;
  if (is_late(*stream)) return cudaSuccess;
  run(*stream, stream->asked);
  return take_error();
}

}  // namespace voxgrad::emulation

using namespace voxgrad::emulation;

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const std::lock_guard lock(mutex);
  *stream = new EmulatedStream{streams.empty(), {}, 0, 0};
  streams.push_back(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (const cudaError_t status = refuse_during_capture(stream); status != cudaSuccess)
    return status;
  const std::lock_guard lock(mutex);
  run(*stream, stream->asked);
  return take_error();
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return enqueue(stream, [source = event->stream, position = event->position] {
    if (source != nullptr) run(*source, position);
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new EmulatedEvent;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const std::lock_guard lock(mutex);
  if (records_until_failure >= 0 && records_until_failure-- == 0) return cudaErrorMemoryAllocation;
  *event = {stream, stream->asked};
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (const cudaError_t status = refuse_during_capture(event->stream); status != cudaSuccess)
    return status;
  const std::lock_guard lock(mutex);
  if (event->stream != nullptr) run(*event->stream, event->position);
  return take_error();
}
