// Streams of the emulated CUDA. Work is done when it is asked for, or, on streams that a test makes
// late, only when somebody waits for it: both are orders that CUDA may choose.
#pragma once

#include "tests/cuda/emulation/include/cuda_runtime.h"

namespace voxgrad::emulation {

/// Which streams are late. `first` is the stream that was made first: the backend's for kernels.
enum class Late { none, first, others, all };
void set_late(Late streams);

/// Late streams while it lives; all work is done when it goes.
class LateStreams {
 public:
  explicit LateStreams(Late streams) { set_late(streams); }
  ~LateStreams() { set_late(Late::none); }
  LateStreams(const LateStreams&) = delete;
  LateStreams& operator=(const LateStreams&) = delete;
};

/// The record of an event after so many more from now on fails, once.
void fail_event_record(int after);

/// Does all that has been asked for. Its first error.
cudaError_t finish_everything();

// Between streams.cpp and graphs.cpp:
/// True, and the work is kept for the graph, if the stream is captured.
bool capture(cudaStream_t stream, const std::function<cudaError_t()>& work);
/// Waiting for a stream is an error that spoils its capture; cudaSuccess if there is none.
cudaError_t refuse_during_capture(cudaStream_t stream);

}  // namespace voxgrad::emulation
