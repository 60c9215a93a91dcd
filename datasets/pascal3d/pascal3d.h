// PASCAL3D+ 1.1 as it unpacks: Annotations/<class>_{imagenet,pascal}/<id>.mat, the pictures in
// Images/ in the same folders, and CAD/<class>/NN.off. Each picture is an object of one view: the
// one of its class with the largest box, as Pix2Vox takes it.
//
// Splits: the taxonomy, whose ids are names of annotation files. datasets/splits/Pascal3D.json is
// Pix2Vox's. The about ten CAD models of a class are shared by training and test, so a network can
// answer by recognising the class; `pix2vox test` shows the nearest training shape beside it.
//
// CAD models have z up and their front at -y: x = -y, y = z, z = -x brings them to R2N2's frame.
// They are voxelised at the network's resolution.
#pragma once

#include <vector>

#include "datasets/common/shared_volumes.h"
#include "datasets/dataset.h"
#include "datasets/pascal3d/annotations.h"
#include "voxels/grid/axes.h"

namespace voxgrad {

struct Pascal3dOptions {
  std::filesystem::path root;
  std::string split = "train";       // train, val or test
  std::filesystem::path taxonomy{};  // empty: root/dataset.json
  int n_vox = 32;
  bool lenient = false;                           // read pictures as read_image does with warnings
  std::vector<MissingObject>* missing = nullptr;  // see DatasetSource
};

/// From the axes of the CAD models to R2N2's.
inline constexpr AxisTurn pascal3d_turn{{1, 2, 0}, {-1, 1, -1}};

class Pascal3dDataset : public Dataset {
 public:
  /// Looks for the annotation and the picture of every id. DataError that names the first missing
  /// one, or if the split is empty.
  explicit Pascal3dDataset(const Pascal3dOptions& options);

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
  struct Object {
    ObjectInfo info;
    std::filesystem::path annotation, picture;
  };
  const Object& object_at(std::int64_t object) const;
  Pascal3dObject annotated(const Object& object) const;
  std::filesystem::path cad_path(const Object& object) const;

  Pascal3dOptions options_;
  std::vector<Object> objects_;
  SharedVolumes volumes_;
};

}  // namespace voxgrad
