#include "datasets/cached_dataset.h"

#include <algorithm>
#include <utility>

namespace voxgrad {
namespace {

/// What a map entry costs beside its contents, roughly.
constexpr std::size_t entry_overhead = 128;

std::uint64_t view_key(std::int64_t object, int view) {
  return (std::uint64_t(object) << 20) | std::uint64_t(view);
}

bool is_binary(const VoxelGrid& grid) {
  return std::ranges::all_of(grid.values, [](float value) { return value == 0 || value == 1; });
}

}  // namespace

template <class Entry>
std::shared_ptr<const Entry> CachedDataset::find(const Entries<Entry>& entries,
                                                 std::uint64_t key) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries.find(key);
  return found == entries.end() ? nullptr : found->second;
}

template <class Entry>
void CachedDataset::keep(Entries<Entry>& entries, std::uint64_t key, Entry entry,
                         std::size_t bytes) const {
  auto shared = std::make_shared<const Entry>(std::move(entry));
  bytes += entry_overhead;
  const std::lock_guard lock(mutex_);
  if (bytes > max_bytes_ - bytes_) return;
  if (entries.emplace(key, std::move(shared)).second) bytes_ += bytes;
}

Image CachedDataset::view(std::int64_t object, int view) const {
  const std::uint64_t key = view_key(object, view);
  if (const auto kept = find(views_, key)) return *kept;
  Image image = source_.view(object, view);
  keep(views_, key, image, image.pixels.size());
  return image;
}

VoxelGrid CachedDataset::volume(std::int64_t object) const {
  const auto key = std::uint64_t(object);
  if (const auto kept = find(volumes_, key)) {
    VoxelGrid grid = kept->frame;
    grid.values.assign(kept->occupied.begin(), kept->occupied.end());
    return grid;
  }
  VoxelGrid grid = source_.volume(object);
  if (!is_binary(grid)) return grid;
  PackedGrid packed;
  packed.frame.n = grid.n;
  packed.frame.translate = grid.translate;
  packed.frame.scale = grid.scale;
  packed.occupied.assign(grid.values.begin(), grid.values.end());
  const std::size_t bytes = grid.values.size() / 8;
  keep(volumes_, key, std::move(packed), bytes);
  return grid;
}

std::size_t CachedDataset::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace voxgrad
