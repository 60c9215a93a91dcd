// Pix3D as its archive unpacks: pix3d.json beside img/, mask/ and model/. Each picture is an object
// of one view, with its box, and the voxels of the model that it shows.
//
// Splits. With a taxonomy (datasets/splits/Pix3D.json is Pix2Vox's): the pictures that it lists, by
// category and the name of their file. Without one, "test" is the authors' own test set, the chairs
// that are neither truncated nor occluded at all (2,894 pictures), and there is no other split:
// Pix3D evaluates networks that were trained elsewhere.
//
// Volumes. The .mat file has `voxel`, 128^3, v[i][j][k]: i to the left of one who looks at the
// front, j to the front, k up. So g[x][y][z] = v[z][x][y]; then its box is brought to the network's
// resolution (voxels/grid/fit.h).
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/pix3d/annotations.h"
#include "voxels/grid/axes.h"

namespace voxgrad {

struct Pix3dOptions {
  std::filesystem::path root;
  std::string split = "test";        // train, val or test
  std::filesystem::path taxonomy{};  // empty: the authors' test set
  int n_vox = 32;
  bool masks = false;    // what is outside the mask becomes transparent
  bool lenient = false;  // read pictures as read_image does with warnings
};

/// From the .mat's axes to R2N2's.
inline constexpr AxisTurn pix3d_voxels_turn{{1, 2, 0}, {1, 1, 1}};
/// From model.obj's axes (x left, y up, z to the back) to R2N2's.
inline constexpr AxisTurn pix3d_mesh_turn{{2, 1, 0}, {-1, 1, 1}};

class Pix3dDataset : public Dataset {
 public:
  /// Reads pix3d.json alone. DataError if the folder or a listed picture's entry is missing, or the
  /// split is empty.
  explicit Pix3dDataset(const Pix3dOptions& options);

  std::int64_t size() const override { return std::int64_t(objects_.size()); }
  const ObjectInfo& info(std::int64_t object) const override;
  int view_count(std::int64_t object) const override;
  Image view(std::int64_t object, int view) const override;
  VoxelGrid volume(std::int64_t object) const override;
  std::string view_name(std::int64_t object, int view) const override;
  std::string volume_name(std::int64_t object) const override;
  std::optional<Box> box(std::int64_t object, int view) const override;
  /// Reads the mesh, whose box is that of the voxels.
  std::optional<GridCamera> camera(std::int64_t object, int view) const override;

  /// What pix3d.json says of an object.
  const Pix3dEntry& entry(std::int64_t object) const;

 private:
  struct Object {
    ObjectInfo info;
    Pix3dEntry entry;
  };
  const Object& object_at(std::int64_t object) const;
  std::filesystem::path picture_path(const Pix3dEntry& entry) const;
  void apply_mask(const Pix3dEntry& entry, Image& picture) const;

  Pix3dOptions options_;
  std::vector<Object> objects_;
};

/// The voxels of a .mat file in R2N2's frame, at the resolution of the file.
VoxelGrid read_pix3d_voxels(const std::filesystem::path& file);

}  // namespace voxgrad
