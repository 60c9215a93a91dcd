#include "datasets/fingerprint.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/dataset.h"
#include "io/checksummed_file.h"

namespace voxgrad {
namespace {

class Hash {
 public:
  void add(std::span<const std::uint8_t> bytes) {
    // Lengths too, so that "a","bc" and "ab","c" differ.
    text_ += fmt::format("{:x}:{:016x};", bytes.size(), checksum(bytes));
  }
  void add(const std::string& text) {
    add({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
  std::string hex() const {
    return fmt::format(
        "{:016x}", checksum({reinterpret_cast<const std::uint8_t*>(text_.data()), text_.size()}));
  }

 private:
  std::string text_;
};

void add_contents(const Dataset& dataset, std::int64_t object, Hash& hash) {
  try {
    const VoxelGrid volume = dataset.volume(object);
    std::vector<std::uint8_t> filled;
    filled.reserve(volume.values.size());
    for (const float value : volume.values) filled.push_back(value >= 0.5f ? 1 : 0);
    hash.add(filled);
    if (dataset.view_count(object) > 0) hash.add(dataset.view(object, 0).pixels);
  } catch (const Error&) {
    hash.add("unreadable");
  }
}

}  // namespace

DatasetFingerprint fingerprint(const Dataset& dataset) {
  constexpr std::int64_t max_read = 8;
  Hash objects, contents;
  const std::int64_t size = dataset.size();
  for (std::int64_t i = 0; i < size; ++i) {
    const ObjectInfo& info = dataset.info(i);
    for (const std::string& name : {info.taxonomy_id, info.taxonomy_name, info.object_id})
      objects.add(name);
    objects.add(std::to_string(dataset.view_count(i)));
  }
  const std::int64_t read = std::min(size, max_read);
  for (std::int64_t i = 0; i < read; ++i) add_contents(dataset, i * size / read, contents);
  return {fmt::format("{} objects, {}", size, objects.hex()), contents.hex()};
}

}  // namespace voxgrad
