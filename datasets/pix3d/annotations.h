// Pix3D's pix3d.json (Sun et al., CVPR 2018): a list with an entry for each picture. What is read
// of an entry, as the authors' README says:
//   img, mask, model, voxel   paths relative to the archive's folder
//   category                  bed, bookcase, chair, desk, misc, sofa, table, tool, wardrobe
//   img_size                  [width, height] of the picture as stored (EXIF not applied)
//   bbox                      [x from, y from, x to, y to] in pixels
//   truncated, occluded, slightly_occluded
//   rot_mat, trans_mat        model to camera; focal_length in mm of a sensor 32 mm wide
// The other keys are passed over.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace voxgrad {

struct Pix3dEntry {
  std::string picture, mask, model, voxels, category;
  std::array<double, 2> size{};  // width, height
  std::array<double, 4> box{};   // left, top, right, bottom
  bool truncated = false, occluded = false, slightly_occluded = false;
  std::array<std::array<double, 3>, 3> rotation{};
  std::array<double, 3> translation{};
  double focal_length = 0;

  /// "0001" of img/bed/0001.png: unique in its category.
  std::string id() const;
  /// One of the pictures that the authors measure on, were it a chair.
  bool whole() const { return !truncated && !occluded && !slightly_occluded; }
};

/// DataError, with the file's name and the entry's number, for files over 256 MiB, nesting deeper
/// than 8, keys that are repeated or missing, values of another kind, paths that lead out of the
/// folder, boxes without area, and two pictures of one id in a category.
std::vector<Pix3dEntry> read_pix3d(const std::filesystem::path& file);
/// The same from memory; `name` stands in the messages.
std::vector<Pix3dEntry> parse_pix3d(std::string_view json, const std::string& name);

}  // namespace voxgrad
