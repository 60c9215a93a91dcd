#include "datasets/open.h"

#include <algorithm>

#include "datasets/modelnet/modelnet.h"
#include "datasets/packed/packed.h"
#include "datasets/pascal3d/pascal3d.h"
#include "datasets/pix3d/pix3d.h"
#include "datasets/shapenet/shapenet.h"
#include "datasets/shapenet/taxonomy.h"
#include "datasets/shapenetcore/shapenetcore.h"
#include "tensor/error.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

std::vector<std::string> splits_in(const Taxonomy& categories) {
  std::vector<std::string> splits;
  for (const char* split : {"train", "val", "test"})
    if (std::ranges::any_of(
            categories, [&](const Category& category) { return !category.objects(split).empty(); }))
      splits.emplace_back(split);
  return splits;
}

}  // namespace

const std::vector<std::string>& dataset_kinds() {
  static const std::vector<std::string> kinds{"shapenet", "shapenetcore", "pix3d",
                                              "pascal3d", "modelnet",     "packed"};
  return kinds;
}

std::unique_ptr<Dataset> open_dataset(const DatasetSource& source, const std::string& split) {
  if (source.kind == "shapenet")
    return std::make_unique<ShapeNetDataset>(ShapeNetOptions{.root = source.root,
                                                             .split = split,
                                                             .taxonomy = source.taxonomy,
                                                             .lenient = source.lenient});
  if (source.kind == "pix3d")
    return std::make_unique<Pix3dDataset>(Pix3dOptions{.root = source.root,
                                                       .split = split,
                                                       .taxonomy = source.taxonomy,
                                                       .n_vox = source.n_vox,
                                                       .masks = source.masks,
                                                       .lenient = source.lenient});
  if (source.kind == "shapenetcore")
    return std::make_unique<ShapeNetCoreDataset>(ShapeNetCoreOptions{.root = source.root,
                                                                     .split = split,
                                                                     .taxonomy = source.taxonomy,
                                                                     .n_vox = source.n_vox,
                                                                     .lenient = source.lenient,
                                                                     .missing = source.missing});
  if (source.kind == "pascal3d")
    return std::make_unique<Pascal3dDataset>(Pascal3dOptions{.root = source.root,
                                                             .split = split,
                                                             .taxonomy = source.taxonomy,
                                                             .n_vox = source.n_vox,
                                                             .lenient = source.lenient,
                                                             .missing = source.missing});
  if (source.kind == "modelnet")
    return std::make_unique<ModelNetDataset>(ModelNetOptions{.root = source.root,
                                                             .split = split,
                                                             .taxonomy = source.taxonomy,
                                                             .n_vox = source.n_vox,
                                                             .missing = source.missing});
  if (source.kind == "packed") return std::make_unique<PackedDataset>(source.root, split);
  fail<ConfigError>("no data set of kind \"", source.kind, '"');
}

std::vector<std::string> splits_of(const DatasetSource& source) {
  if (source.kind == "packed") return PackedDataset::splits(source.root);
  if (source.kind == "shapenetcore")
    return splits_in(
        read_shapenetcore_splits(shapenetcore_splits_file(source.root, source.taxonomy)));
  if (!source.taxonomy.empty()) return splits_in(read_taxonomy(source.taxonomy));
  if (source.kind == "pix3d") return {"test"};
  if (source.kind == "modelnet") return modelnet_splits(source.root);
  return splits_in(read_taxonomy(source.root / "dataset.json"));
}

}  // namespace voxgrad
