// Loader: threads that read, decode and transform the coming batches while the network works.
// The batches do not depend on the number of threads: the order of an epoch is drawn from
// (seed, epoch), everything about an object from (seed, epoch, object).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/transforms/deferred_view.h"
#include "datasets/transforms/transforms.h"
#include "tensor/tensor.h"

namespace voxgrad {

struct Batch {
  Tensor images;   // f32 [V*B,size,size,3]: all objects' first view, then all objects' second, ...
  Tensor volumes;  // f32 [B,n,n,n], [x][y][z]
  std::vector<DeferredView> packed;  // V*B in that order, in place of images (LoaderOptions::pack)
  std::int64_t n_views = 0;
  std::int64_t size = 0;  // B
  int image_size = 0;
  std::vector<ObjectInfo> objects;
  std::vector<std::uint8_t> substitute;  // 1 for an object in place of one that cannot be read

  /// The first rows of images, packed or not.
  Tensor first_images(std::int64_t count) const;
};

/// The batch without objects that stand in for others; it may be empty.
Batch without_substitutes(Batch batch);

struct LoaderOptions {
  std::int64_t batch_size = 64;
  int n_views = 1;
  bool random_n_views = false;  // draw 1..n_views once per epoch
  bool shuffle = false;
  bool drop_last = false;
  bool augment = false;
  bool pack = false;         // leave the transform to a device that asks for it (ImageOps::wanted)
  bool first_views = false;  // views 0..V-1 instead of V drawn without replacement
  int n_vox = 32;            // every volume must have this size
  std::uint64_t seed = 0;
  int threads = 2;
  int prefetch = 2;  // batches ready or in work ahead of the one asked for
  TransformOptions transform{};
  double skip_bad = 0;  // share of the objects that may be replaced per epoch, 0..1
  std::size_t cache_bytes = std::size_t{2} << 30;  // decoded pictures kept in memory
  double stall_seconds = 300;  // next() fails when nothing has moved for this long
};

/// An object that could not be read and the one that took its place.
struct SkippedObject {
  std::int64_t object = 0, replacement = 0;
  std::string message;  // names the file
};

class Loader {
 public:
  /// The dataset must outlive the loader. ConfigError for options that make no sense; DataError if
  /// the dataset has not one batch. No epoch is started.
  Loader(const Dataset& dataset, const LoaderOptions& options);
  /// Stops and joins the threads. (After a stall was reported the stuck thread is detached.)
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Batches of an epoch.
  std::int64_t batches() const;
  /// Starts an epoch at one of its batches; what was being prefetched is dropped.
  void start_epoch(std::int64_t epoch, std::int64_t first_batch = 0);
  /// The next batch; false at the end of the epoch. DataError with the object and file if one of
  /// the batch cannot be read (and skip_bad does not allow for it), or if the threads have stalled.
  bool next(Batch& batch);

  /// V of the epoch.
  std::int64_t n_views() const;
  /// Seconds that next() has waited in this epoch.
  double wait_seconds() const;
  /// Objects that were replaced in the batches given out in this epoch.
  const std::vector<SkippedObject>& skipped() const;

 private:
  struct State;  // shared with the threads
  std::shared_ptr<State> state_;
  std::vector<std::thread> threads_;
};

}  // namespace voxgrad
