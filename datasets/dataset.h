// Dataset: objects with pictures (views) and one volume each, read on demand. Readers of the
// published data sets derive from it (shapenet.h); the loader (loader.h) makes batches of any of
// them. Every function may be called from several threads at once.
// Errors: DataError that names the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "voxels/grid/grid.h"
#include "voxels/image/image.h"
#include "voxels/render/grid_camera.h"

namespace voxgrad {

struct ObjectInfo {
  std::string taxonomy_id;    // "03001627"
  std::string taxonomy_name;  // "chair"
  std::string object_id;
};

/// An object of a list without its files.
struct MissingObject {
  ObjectInfo info;
  std::string file;  // the first that is not there
};

/// Where the object is in a picture, as fractions of its width and height.
struct Box {
  double left = 0, top = 0, right = 1, bottom = 1;
};

class Dataset {
 public:
  virtual ~Dataset() = default;

  /// The number of objects, at least 1.
  virtual std::int64_t size() const = 0;
  virtual const ObjectInfo& info(std::int64_t object) const = 0;
  virtual int view_count(std::int64_t object) const = 0;
  virtual Image view(std::int64_t object, int view) const = 0;
  virtual VoxelGrid volume(std::int64_t object) const = 0;
  /// Files of a view and a volume, for messages.
  virtual std::string view_name(std::int64_t object, int view) const = 0;
  virtual std::string volume_name(std::int64_t object) const = 0;
  /// None where pictures show the object alone (ShapeNet): then the crop is the picture's centre.
  virtual std::optional<Box> box(std::int64_t /*object*/, int /*view*/) const { return {}; }
  /// How often an epoch of training shows the object, on average (loading/epoch_order.h).
  virtual double weight(std::int64_t /*object*/) const { return 1; }
  /// None where the set does not tell.
  virtual std::optional<GridCamera> camera(std::int64_t /*object*/, int /*view*/) const {
    return {};
  }
};

}  // namespace voxgrad
