// The caching allocator's side for CUDA graphs and for tests.
#pragma once

#include <memory>

namespace voxgrad::cuda {

/// Memory of a graph. Whatever this thread allocates on the pool's device between begin() and end()
/// is taken out of the common cache and kept for the graph: what is released goes back to this
/// pool, during the capture and afterwards, so that replays always find their memory as the capture
/// left it. Keep the pool as long as the graph. Destroying it returns its blocks; those still in
/// use follow when they are released. Tensors that the graph reads and that were made before
/// begin() are the caller's to keep alive.
class GraphPool {
 public:
  explicit GraphPool(int device_index);
  ~GraphPool();
  GraphPool(const GraphPool&) = delete;
  GraphPool& operator=(const GraphPool&) = delete;

  /// Error if this thread fills a pool already. Until end(), nobody gives memory of this device
  /// back to the system. The destructor ends what was begun.
  void begin();
  void end();

  struct Blocks;

 private:
  int index_;
  std::shared_ptr<Blocks> blocks_;
};

/// From here on blocks are taken and given back exactly, or not: what VOXGRAD_EXACT_MEMORY in the
/// environment says at the start.
void use_exact_memory(bool exact, int index);

/// At a program's end, for tools that look for leaks: gives back what is kept until then (handles
/// of libraries, cached memory) and resets the devices. Nothing may use CUDA afterwards.
void close_devices();
void drop_host_blocks();      // stream.cpp's part of that,
void drop_library_handles();  // and runtime/handles.cpp's, for the current device

}  // namespace voxgrad::cuda
