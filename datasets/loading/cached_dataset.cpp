#include "datasets/loading/cached_dataset.h"

#include <utility>

namespace voxgrad {
namespace {

/// What a map entry costs beside its contents, roughly.
constexpr std::size_t entry_overhead = 128;

std::uint64_t view_key(std::int64_t object, int view) {
  return (std::uint64_t(object) << 20) | std::uint64_t(view);
}

bool is_binary(const VoxelGrid& grid) {
  int others = 0;  // counted to the end: faster than stopping at the first
  for (const float value : grid.values) others += value != 0 && value != 1 ? 1 : 0;
  return others == 0;
}

std::vector<std::uint8_t> pack(const std::vector<float>& values) {
  std::vector<std::uint8_t> bits((values.size() + 7) / 8);
  const std::size_t whole = values.size() / 8;
  for (std::size_t i = 0; i < whole; ++i) {
    unsigned byte = 0;
    for (std::size_t bit = 0; bit < 8; ++bit) byte |= unsigned(values[8 * i + bit] != 0) << bit;
    bits[i] = std::uint8_t(byte);
  }
  for (std::size_t i = 8 * whole; i < values.size(); ++i)
    bits[whole] |= std::uint8_t(unsigned(values[i] != 0) << i % 8);
  return bits;
}

void unpack(const std::vector<std::uint8_t>& bits, std::vector<float>& values, std::size_t count) {
  values.resize(8 * bits.size());
  for (std::size_t i = 0; i < bits.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) values[8 * i + std::size_t(bit)] = float(bits[i] >> bit & 1);
  values.resize(count);
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
void CachedDataset::keep(Entries<Entry>& entries, std::uint64_t key,
                         std::shared_ptr<const Entry> entry, std::size_t bytes) const {
  bytes += entry_overhead;
  const std::lock_guard lock(mutex_);
  if (bytes > max_bytes_ - bytes_) return;
  if (entries.emplace(key, std::move(entry)).second) bytes_ += bytes;
}

std::shared_ptr<const Image> CachedDataset::shared_view(std::int64_t object, int view) const {
  const std::uint64_t key = view_key(object, view);
  if (auto kept = find(views_, key)) return kept;
  auto image = std::make_shared<const Image>(source_.view(object, view));
  keep(views_, key, image, image->pixels.size());
  return image;
}

VoxelGrid CachedDataset::volume(std::int64_t object) const {
  const auto key = std::uint64_t(object);
  if (const auto kept = find(volumes_, key)) {
    VoxelGrid grid = kept->frame;
    const auto n = std::size_t(grid.n);
    unpack(kept->bits, grid.values, n * n * n);
    return grid;
  }
  VoxelGrid grid = source_.volume(object);
  if (!is_binary(grid)) return grid;
  auto packed = std::make_shared<PackedGrid>();
  packed->frame.n = grid.n;
  packed->frame.translate = grid.translate;
  packed->frame.scale = grid.scale;
  packed->bits = pack(grid.values);
  keep<PackedGrid>(volumes_, key, packed, packed->bits.size());
  return grid;
}

std::size_t CachedDataset::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace voxgrad
