// Makes a training set in the layout of 3D-R2N2 (datasets/shapenet/shapenet.h) out of meshes:
//   out/ShapeNetRendering/<category>/<object>/rendering/{00..23}.png  shaded RGBA views
//                                      .../rendering_metadata.txt     one line per view: azimuth,
//                                                   elevation, 0, distance, field of view
//                                      .../renderings.txt             the pictures' names
//   out/ShapeNetVox32/<category>/<object>/model.binvox                solid voxels
//   out/dataset.json                                                  taxonomy and splits
//   out/credits.tsv, out/skipped.tsv                                  authors; what was not used
// dataset.json comes last: without it a build did not finish. While one is under way,
// out/unfinished.tsv lists the options and the objects that are done, so that it can be resumed.
//
// Splits are kept where the meshes come with them. Else near-duplicates (voxel IoU over 0.9 in some
// quarter turn about y, within a category) form groups, and whole groups are dealt to train, val
// and test, about 80, 10 and 10 in 100. Variants (Widening::variants) are derived from objects of
// the training split alone, their ids end in +v1, +v2 ...; one that is a near-duplicate of an
// object of val or test is left out. The same options give the same bytes, independent of the
// number of threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "datasets/build/appearance.h"
#include "datasets/build/mesh_sources.h"
#include "datasets/shapenet/taxonomy.h"

namespace voxgrad {

struct BuildOptions {
  std::filesystem::path meshes;  // see datasets/build/mesh_sources.h
  std::filesystem::path out;     // new, empty, or a data set built before
  bool overwrite = false;        // a data set built before gives way to the new one
  bool resume = false;           // continues a build that was interrupted
  int resolution = 32;
  int views = 24;
  int image_size = 137;
  std::uint64_t seed = 0;  // of the views, the splits and what is widened
  Widening widening;
  int threads = 0;                          // 0: OpenMP's default
  const std::atomic<bool>* stop = nullptr;  // once true: finish the objects under way, then return
};

struct SkippedMesh {
  std::string name, reason;
};

struct BuildReport {
  bool interrupted = false;  // by `stop`: only meshes, kept and skipped are told
  Taxonomy taxonomy;
  int meshes = 0;                     // found
  int objects = 0;                    // in the data set
  int variants = 0;                   // of those, derived
  int near_held_out = 0;              // variants left out: near-duplicates of val or test objects
  int kept = 0;                       // of those, made by the build that was resumed
  std::vector<SkippedMesh> skipped;   // could not be used
  std::vector<SkippedMesh> left_out;  // catalogue entries that belong to no class
  std::vector<std::string> renamed;   // objects whose name was taken
  int grouped = 0;                    // objects that share a split with near-duplicates
  std::vector<SkippedMesh> not_read;  // parts of a mesh: textures, material files
  std::vector<std::string> nearly_empty, nearly_full;  // objects with few voxels or few without
  std::vector<std::string> notes;                      // on the layout of the folder of meshes
};

/// Called after each object, from one thread at a time.
using BuildProgress = std::function<void(int done, int total, const std::string& name)>;

/// ConfigError for options out of range; DataError if there is no mesh, none can be used, or the
/// manifest is wrong; ConfigError if `out` holds a data set and neither overwrite nor resume is
/// set, or was begun with other options; Error if a file cannot be written or `out` holds something
/// else.
BuildReport build_dataset(const BuildOptions& options, const BuildProgress& progress = {});
/// The same from objects that come from elsewhere; options.meshes is not looked at. `origin` says
/// in one line what they are: a build is only resumed with the same.
BuildReport build_dataset(const MeshSources& sources, const std::string& origin,
                          const BuildOptions& options, const BuildProgress& progress = {});

}  // namespace voxgrad
