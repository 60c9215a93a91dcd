// ShapeNetCore as it unpacks, v1 or v2, which its folders tell:
//   v1: <synset>/<id>/model.obj, and from the archive of voxels model.solid.binvox beside it
//   v2: <synset>/<id>/models/model_normalized.obj and model_normalized.solid.binvox
// The solid grids (128^3) are brought to the network's resolution so that the object's longest side
// spans all cells, as in 3D-R2N2's (voxels/grid/fit.h); where there is none, the mesh is voxelised.
// v1 has y up and its front at +x, as R2N2's frame; v2 has its front at -z: x = -z, y = y, z = x.
//
// Pictures are 3D-R2N2's where root/ShapeNetRendering/<synset>/<id>/rendering has some; else 24
// views of 137 x 137 are rendered from the mesh when they are asked for, as `dataset build` does.
//
// Splits: the taxonomy (datasets/splits/ShapeNet.json is that of 3D-R2N2 and Pix2Vox), or the set's
// own all.csv (columns id, synsetId, subSynsetId, modelId, split). Some objects of v1 are not in
// v2: those whose folder is not there are left out and counted.
#pragma once

#include <vector>

#include "datasets/common/rendered_views.h"
#include "datasets/dataset.h"
#include "datasets/shapenet/taxonomy.h"
#include "voxels/grid/axes.h"

namespace voxgrad {

struct ShapeNetCoreOptions {
  std::filesystem::path root;
  std::string split = "train";       // train, val or test
  std::filesystem::path taxonomy{};  // .json or .csv; empty: root/dataset.json, else root/all.csv
  int n_vox = 32;
  bool lenient = false;                           // read pictures as read_image does with warnings
  std::vector<MissingObject>* missing = nullptr;  // see DatasetSource
};

/// From v2's axes to R2N2's; v1's are the same.
inline constexpr AxisTurn shapenet_v2_turn{{2, 1, 0}, {-1, 1, 1}};

class ShapeNetCoreDataset : public Dataset {
 public:
  /// DataError if the splits cannot be read, or no listed object is there.
  explicit ShapeNetCoreDataset(const ShapeNetCoreOptions& options);

  std::int64_t size() const override { return std::int64_t(objects_.size()); }
  const ObjectInfo& info(std::int64_t object) const override;
  int view_count(std::int64_t object) const override;
  Image view(std::int64_t object, int view) const override;
  VoxelGrid volume(std::int64_t object) const override;
  std::string view_name(std::int64_t object, int view) const override;
  std::string volume_name(std::int64_t object) const override;
  std::optional<GridCamera> camera(std::int64_t object, int view) const override;

  /// Objects of the split whose folder is not there.
  std::int64_t missing() const { return missing_; }

 private:
  struct Object {
    ObjectInfo info;
    std::filesystem::path mesh, solid;  // solid: empty if there is none
    bool v2 = false;
    std::filesystem::path rendering;
    std::vector<std::string> pictures;  // empty: rendered
  };
  const Object& object_at(std::int64_t object) const;
  std::filesystem::path picture_path(const Object& object, int view) const;
  Mesh load(const Object& object) const;

  ShapeNetCoreOptions options_;
  std::vector<Object> objects_;
  RenderedViews pictures_{24, 137};
  std::int64_t missing_ = 0;
};

/// The splits of a JSON taxonomy or of an all.csv. DataError that names the file and the line.
Taxonomy read_shapenetcore_splits(const std::filesystem::path& file);
/// The file with the splits: `given`, or the one in the folder.
std::filesystem::path shapenetcore_splits_file(const std::filesystem::path& root,
                                               const std::filesystem::path& given);

}  // namespace voxgrad
