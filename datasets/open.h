// Opens every kind of data set that can be read as a Dataset.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace voxgrad {

/// The kinds of data sets: the values of data.kind.
///   shapenet      3D-R2N2's ShapeNet, and what `dataset build` makes (shapenet/)
///   shapenetcore  ShapeNetCore, v1 or v2 (shapenetcore/)
///   pix3d         Pix3D (pix3d/)
///   pascal3d      PASCAL3D+ (pascal3d/)
///   modelnet      ModelNet10 or ModelNet40 (modelnet/)
///   packed        a file of `dataset pack` (packed/)
const std::vector<std::string>& dataset_kinds();

struct DatasetSource {
  std::string kind = "shapenet";
  std::filesystem::path root;        // a folder, or the packed file
  std::filesystem::path taxonomy{};  // JSON with the splits; empty: the set's own
  int n_vox = 32;                    // for sets whose volumes have to be made
  bool masks = false;                // of pix3d: cut the objects out by their masks
  bool lenient = false;              // read pictures as read_image does with warnings
  /// If given: objects whose files are not there are left out and told here, instead of failing.
  std::vector<MissingObject>* missing = nullptr;
};

/// One split: train, val or test. ConfigError for an unknown kind; DataError if the folder is not
/// as expected.
std::unique_ptr<Dataset> open_dataset(const DatasetSource& source, const std::string& split);

/// The splits that have objects, of train, val and test.
std::vector<std::string> splits_of(const DatasetSource& source);

}  // namespace voxgrad
