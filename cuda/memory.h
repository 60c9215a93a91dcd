// The caching allocator's side for CUDA graphs.
#pragma once

#include <memory>

namespace voxgrad::cuda {

/// Memory of a graph. Whatever this thread allocates between begin() and end() is taken out of the
/// common cache and kept for the graph: what is released goes back to this pool, during the capture
/// and afterwards, so that replays always find their memory as the capture left it. Keep the pool
/// as long as the graph. Destroying it returns its blocks; those still in use follow when they are
/// released. Tensors that the graph reads and that were made before begin() are the caller's to
/// keep alive.
class GraphPool {
 public:
  explicit GraphPool(int device_index);
  ~GraphPool();
  GraphPool(const GraphPool&) = delete;
  GraphPool& operator=(const GraphPool&) = delete;

  void begin();
  void end();

  struct Blocks;

 private:
  int index_;
  std::shared_ptr<Blocks> blocks_;
};

}  // namespace voxgrad::cuda
