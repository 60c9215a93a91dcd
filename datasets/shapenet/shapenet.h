// Reader of a folder in the layout of 3D-R2N2's ShapeNet (layout.h), regardless of the
// size and number of the pictures.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/shapenet/layout.h"

namespace voxgrad {

struct ShapeNetOptions {
  std::filesystem::path root;
  std::string split = "train";            // train, val or test
  std::filesystem::path taxonomy;         // empty: root/dataset.json
  std::vector<std::string> categories{};  // ids or names; empty: all
  bool skip_missing = false;  // leave out objects whose files are missing instead of failing
  bool lenient = false;       // read pictures as read_image does with warnings
};

class ShapeNetDataset : public Dataset {
 public:
  /// Looks for the files of every object at once. ConfigError for an unknown split or category;
  /// DataError that names the first missing path, the counts and the layout if files are missing
  /// (unless skip_missing), and always if no object is left.
  explicit ShapeNetDataset(const ShapeNetOptions& options);

  std::int64_t size() const override { return std::int64_t(objects_.size()); }
  const ObjectInfo& info(std::int64_t object) const override;
  int view_count(std::int64_t object) const override;
  Image view(std::int64_t object, int view) const override;
  VoxelGrid volume(std::int64_t object) const override;
  std::string view_name(std::int64_t object, int view) const override;
  std::string volume_name(std::int64_t object) const override;
  /// Of rendering_metadata.txt (view_cameras.h).
  std::optional<GridCamera> camera(std::int64_t object, int view) const override;

  /// Objects of the split that were left out because files are missing.
  std::int64_t missing() const { return missing_; }

 private:
  struct Object {
    ObjectInfo info;
    ShapeNetFiles files;
  };
  const Object& object_at(std::int64_t object) const;
  std::filesystem::path view_path(std::int64_t object, int view) const;

  std::vector<Object> objects_;
  bool lenient_;
  std::int64_t missing_ = 0;
};

}  // namespace voxgrad
