// Makes a training set in the layout of 3D-R2N2 (datasets/shapenet/shapenet.h) out of meshes:
//   out/ShapeNetRendering/<category>/<object>/rendering/{00..23}.png  shaded RGBA views
//                                      .../rendering_metadata.txt     a line a view: azimuth,
//                                                   elevation, 0, distance, field of view
//                                      .../renderings.txt             the pictures' names
//   out/ShapeNetVox32/<category>/<object>/model.binvox                solid voxels
//   out/dataset.json                                                  taxonomy and splits
//   out/credits.tsv, out/skipped.tsv                                  authors; what was not used
// dataset.json comes last: without it a build did not finish.
//
// Splits are kept where the manifest gives them. Else near-duplicates (voxel IoU over 0.9 in some
// quarter turn about y, within a category) form groups, and whole groups are dealt to train, val
// and test, about 80, 10 and 10 in 100. The same options give the same bytes, whatever the number
// of threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "datasets/shapenet/taxonomy.h"

namespace voxgrad {

struct BuildOptions {
  std::filesystem::path meshes;  // see datasets/build/mesh_sources.h
  std::filesystem::path out;     // new, empty, or a data set built before
  int resolution = 32;
  int views = 24;
  int image_size = 137;
  std::uint64_t seed = 0;  // of the views and the splits
  int threads = 0;         // 0: as many as OpenMP likes
};

struct SkippedMesh {
  std::string name, reason;
};

struct BuildReport {
  Taxonomy taxonomy;
  int objects = 0;
  std::vector<SkippedMesh> skipped;   // could not be used
  std::vector<SkippedMesh> left_out;  // catalogue entries that belong to no class
};

/// Called after each object, from one thread at a time.
using BuildProgress = std::function<void(int done, int total, const std::string& name)>;

/// ConfigError for options out of range; DataError if there is no mesh, none can be used, or the
/// manifest is wrong; Error if a file cannot be written or `out` holds something else.
BuildReport build_dataset(const BuildOptions& options, const BuildProgress& progress = {});

}  // namespace voxgrad
