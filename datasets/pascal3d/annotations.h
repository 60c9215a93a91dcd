// Annotations of PASCAL3D+ 1.1 (Xiang et al., WACV 2014): a .mat file for each picture with the
// struct `record`, whose `objects` are what is seen in it.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/mat/mat_file.h"

namespace voxgrad {

/// Angles in degrees; `focal` times `viewport` is the focal length in pixels.
struct Pascal3dViewpoint {
  double azimuth = 0, elevation = 0, theta = 0;  // theta: in the picture's plane
  double distance = 0, focal = 1, viewport = 3000;
  double px = 0, py = 0;  // where the optical axis meets the picture
};

struct Pascal3dObject {
  std::string category;
  std::array<double, 4>
      box{};          // left, top, right, bottom; pixels counted from 1, perhaps fractions
  int cad_index = 0;  // from 1: CAD/<category>/NN.off
  bool truncated = false, occluded = false, difficult = false;
  /// None where only coarse angles are known (no azimuth, or a distance of 0).
  std::optional<Pascal3dViewpoint> viewpoint;
  double area() const { return (box[2] - box[0] + 1) * (box[3] - box[1] + 1); }
};

struct Pascal3dRecord {
  std::string picture;  // the name of its file
  double width = 0, height = 0;
  std::vector<Pascal3dObject> objects;  // those with a CAD model; others are passed over

  /// The object of the category with the largest box. DataError, which begins with `name`, if there
  /// is none.
  const Pascal3dObject& largest(const std::string& category, const std::string& name) const;
};

/// DataError, with the file's name, for a file that is no such record.
Pascal3dRecord read_pascal3d_record(const std::filesystem::path& file);
/// The same from the variables of a file; `name` stands in the messages.
Pascal3dRecord to_pascal3d_record(const std::vector<MatArray>& variables, const std::string& name);

}  // namespace voxgrad
