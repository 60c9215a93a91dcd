// ModelNet10 and ModelNet40 as they unpack: <class>/{train,test}/<class>_NNNN.off. The meshes have
// z up; which way they face is not known for all classes, so IoU across sets means little.
//
// There are no pictures: 24 views of 137 x 137 are rendered when they are asked for, like those of
// `dataset build`, grey, as the meshes have no colours. `dataset pack` keeps them in a file.
// Splits are the set's folders; a taxonomy (class, "chair_0001" ...) may divide the objects anew,
// for example to take validation objects out of train.
#pragma once

#include <vector>

#include "datasets/common/rendered_views.h"
#include "datasets/common/shared_volumes.h"
#include "datasets/dataset.h"
#include "voxels/grid/axes.h"

namespace voxgrad {

struct ModelNetOptions {
  std::filesystem::path root;
  std::string split = "train";       // train, val or test
  std::filesystem::path taxonomy{};  // empty: the folders
  int n_vox = 32;
  std::vector<MissingObject>* missing = nullptr;  // see DatasetSource
};

/// From ModelNet's axes to y up.
inline constexpr AxisTurn modelnet_turn{{0, 2, 1}, {1, 1, -1}};

class ModelNetDataset : public Dataset {
 public:
  /// Lists the folders. DataError if there is no class, a listed object is missing, or the split is
  /// empty.
  explicit ModelNetDataset(const ModelNetOptions& options);

  std::int64_t size() const override { return std::int64_t(objects_.size()); }
  const ObjectInfo& info(std::int64_t object) const override;
  int view_count(std::int64_t object) const override;
  Image view(std::int64_t object, int view) const override;
  VoxelGrid volume(std::int64_t object) const override;
  std::string view_name(std::int64_t object, int view) const override;
  std::string volume_name(std::int64_t object) const override;
  std::optional<GridCamera> camera(std::int64_t object, int view) const override;

 private:
  struct Object {
    ObjectInfo info;
    std::filesystem::path file;
  };
  const Object& object_at(std::int64_t object) const;

  int n_vox_;
  std::vector<Object> objects_;
  RenderedViews pictures_{24, 137};
};

/// The splits, of train, val and test, that any class has a folder for.
std::vector<std::string> modelnet_splits(const std::filesystem::path& root);

}  // namespace voxgrad
