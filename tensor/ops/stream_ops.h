// Work that a device does by itself while the host continues, and work that is recorded once and
// then repeated as one (CUDA graphs). On the CPU everything has happened when a call returns, and
// nothing can be recorded. tensor/transfer.h and tensor/captured_graph.h wrap these.
#pragma once

#include <cstddef>

namespace voxgrad {

struct StreamOps {
  /// Host memory that the device reads and writes by itself (page-locked).
  void* (*allocate_host)(std::size_t bytes, int index);
  void (*release_host)(void* block, int index);
  /// Copies without waiting, in order with all other work: from or to such memory, or within the
  /// device.
  void (*copy)(void* to, const void* from, std::size_t bytes, int index);
  /// Copies from such memory to the device beside its other work, once that has reached the event
  /// `after`; work asked for from now on runs after the copy. Returns an event recorded after the
  /// copy alone. Cannot be recorded.
  void* (*upload)(void* to, const void* from, std::size_t bytes, void* after, int index);
  /// An event after all work asked for so far. wait_event() returns when the device has reached
  /// it; each event is destroyed once.
  void* (*record_event)(int index);
  void (*wait_event)(void* event, int index);
  void (*destroy_event)(void* event, int index);

  /// False: the functions below are errors.
  bool (*can_record)(int index);
  /// From here to end_recording() this thread's work on the device is recorded and not done. Memory
  /// allocated meanwhile belongs to the recording, even after its tensors are gone.
  void (*begin_recording)(int index);
  /// The recording; nullptr if `keep` is false (the work threw).
  void* (*end_recording)(bool keep, int index);
  /// Does all of it again, on the same memory.
  void (*replay)(void* recording, int index);
  void (*drop_recording)(void* recording, int index);
};

}  // namespace voxgrad
