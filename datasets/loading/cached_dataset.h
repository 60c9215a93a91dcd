// CachedDataset: another data set whose decoded pictures and volumes stay in memory up to a limit.
// Once the limit is reached the rest is read anew each time: an epoch uses everything once, so
// throwing out old entries for new ones would only lose hits. The values are the same either way.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "datasets/dataset.h"

namespace voxgrad {

class CachedDataset : public Dataset {
 public:
  /// The source must outlive this.
  CachedDataset(const Dataset& source, std::size_t max_bytes)
      : source_(source), max_bytes_(max_bytes) {}

  std::int64_t size() const override { return source_.size(); }
  const ObjectInfo& info(std::int64_t object) const override { return source_.info(object); }
  int view_count(std::int64_t object) const override { return source_.view_count(object); }
  Image view(std::int64_t object, int view) const override { return *shared_view(object, view); }
  /// Spares the copy of a picture that is kept.
  std::shared_ptr<const Image> shared_view(std::int64_t object, int view) const;
  VoxelGrid volume(std::int64_t object) const override;
  std::string view_name(std::int64_t object, int view) const override {
    return source_.view_name(object, view);
  }
  std::string volume_name(std::int64_t object) const override {
    return source_.volume_name(object);
  }
  std::optional<Box> box(std::int64_t object, int view) const override {
    return source_.box(object, view);
  }
  std::optional<GridCamera> camera(std::int64_t object, int view) const override {
    return source_.camera(object, view);
  }

  double weight(std::int64_t object) const override { return source_.weight(object); }

  std::size_t bytes() const;

 private:
  /// A volume of zeros and ones, one bit per voxel.
  struct PackedGrid {
    VoxelGrid frame;  // without values
    std::vector<std::uint8_t> bits;
  };
  /// Shared, so that an entry is copied out of the cache without holding the lock.
  template <class Entry>
  using Entries = std::unordered_map<std::uint64_t, std::shared_ptr<const Entry>>;

  template <class Entry>
  std::shared_ptr<const Entry> find(const Entries<Entry>& entries, std::uint64_t key) const;
  template <class Entry>
  void keep(Entries<Entry>& entries, std::uint64_t key, std::shared_ptr<const Entry> entry,
            std::size_t bytes) const;

  const Dataset& source_;
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  mutable std::size_t bytes_ = 0;
  mutable Entries<Image> views_;
  mutable Entries<PackedGrid> volumes_;
};

}  // namespace voxgrad
