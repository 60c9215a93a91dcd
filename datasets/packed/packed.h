// A whole data set in one HDF5 file, for fast training: pictures decoded and volumes made, so that
// an epoch reads bytes and computes nothing. The batches are the same bits as those of the set that
// was packed.
//
//   /                  attributes format "voxgrad data set", format_version 1, checksum (of /index)
//   /chunks/000000 ... u8: pictures and volumes of whole objects, one after the other
//   /index/...         where each is, with a checksum of its own; ids, categories, boxes, cameras
//
// HDF5's own tools open it. It is read by io/hdf5's reader, which trusts nothing. Every picture and
// volume is checked as it is read; one that is damaged is an error (or, with data.skip_bad, left
// out) like a damaged file.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/packed/stored_picture.h"

namespace voxgrad {

struct PackOptions {
  std::filesystem::path out;  // must not exist, unless `overwrite`
  bool overwrite = false;
  int threads = 2;
  std::size_t chunk_bytes = std::size_t{16} << 20;
  const std::atomic<bool>* stop = nullptr;  // once true: the file is not finished
  std::function<void(std::int64_t done, std::int64_t total)> progress{};
};

struct PackReport {
  std::int64_t objects = 0, views = 0;
  std::uint64_t bytes = 0;          // of the file
  std::uint64_t decoded_bytes = 0;  // of the pictures with their borders
  bool interrupted = false;         // no file was written
};

struct PackedSplit {
  std::string name;  // train, val or test
  const Dataset* objects = nullptr;
};

/// Written to a temporary file beside it, then renamed. Throws what the data set throws; Error if
/// the file cannot be written.
PackReport pack_dataset(const std::vector<PackedSplit>& splits, const PackOptions& options);

class PackedDataset : public Dataset {
 public:
  /// DataError for a file that is no packed data set, is damaged, or lacks the split.
  PackedDataset(const std::filesystem::path& file, const std::string& split);
  ~PackedDataset() override;
  /// The splits that a file has, of train, val and test.
  static std::vector<std::string> splits(const std::filesystem::path& file);

  std::int64_t size() const override { return std::int64_t(objects_.size()); }
  const ObjectInfo& info(std::int64_t object) const override;
  int view_count(std::int64_t object) const override;
  Image view(std::int64_t object, int view) const override;
  VoxelGrid volume(std::int64_t object) const override;
  std::string view_name(std::int64_t object, int view) const override;
  std::string volume_name(std::int64_t object) const override;
  std::optional<Box> box(std::int64_t object, int view) const override;
  std::optional<GridCamera> camera(std::int64_t object, int view) const override;

 private:
  class File;
  struct Object {
    ObjectInfo info;
    std::int64_t place = 0;  // among all objects of the file
  };
  const Object& object_at(std::int64_t object) const;
  std::int64_t view_place(std::int64_t object, int view) const;

  std::unique_ptr<File> file_;
  std::vector<Object> objects_;
};

}  // namespace voxgrad
