// Reader of any folder in the layout of 3D-R2N2's ShapeNet, whatever the size and number of the
// pictures:
//   root/dataset.json                                       the taxonomy (taxonomy.h)
//   root/ShapeNetRendering/<taxonomy>/<object>/rendering/   00.png, 01.png, ...
//   root/ShapeNetVox32/<taxonomy>/<object>/model.binvox
// Where there is no ShapeNetVox32, the only folder whose name begins with ShapeNetVox is taken.
// A view's number is its place among the folder's .png, .jpg and .jpeg files in name order.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/taxonomy.h"

namespace voxgrad {

struct ShapeNetOptions {
  std::filesystem::path root;
  std::string split = "train";            // train, val or test
  std::filesystem::path taxonomy;         // empty: root/dataset.json
  std::vector<std::string> categories{};  // ids or names; empty: all
  bool skip_missing = false;  // leave out objects whose files are missing instead of failing
};

/// The layout above in a few lines, for messages.
std::string shapenet_layout(const std::filesystem::path& root);
/// root/ShapeNetVox32 or its stand-in (see above). DataError if there is none or a choice.
std::filesystem::path shapenet_volume_folder(const std::filesystem::path& root);
std::filesystem::path shapenet_rendering_folder(const std::filesystem::path& root);

/// The files of one object. `views` is empty if its folder has none or does not exist.
struct ShapeNetFiles {
  std::filesystem::path rendering, volume;
  std::vector<std::string> views;  // file names in `rendering`, in order

  bool has_volume = false;
  bool complete() const { return has_volume && !views.empty(); }
  /// The first path that should be there and is not; empty if complete.
  std::filesystem::path first_missing() const;
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
  std::int64_t missing_ = 0;
};

}  // namespace voxgrad
