#include "tests/fuzz/seeds.h"

#include <algorithm>
#include <fstream>

#include "datasets/open.h"
#include "datasets/packed/packed.h"
#include "io/file.h"
#include "io/foreign_weights.h"
#include "io/hdf5/hdf5.h"
#include "pix2vox/config/config.h"
#include "tests/support/published_sets.h"
#include "tests/support/source_tree.h"
#include "tests/support/tiny_dataset.h"
#include "voxels/grid/binvox.h"
#include "voxels/grid/npy.h"
#include "voxels/mesh/mesh_writer.h"

namespace voxgrad::testing {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;
using Files = std::vector<Bytes>;

Bytes bytes_of(const fs::path& file) {
  return read_file(file, std::size_t{64} << 20);
}

Bytes bytes_of_text(const std::string& text) {
  return {text.begin(), text.end()};
}

/// Files of the source tree with one of these suffixes, in order.
Files golden(const std::string& folder, const std::vector<std::string>& suffixes) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(in_source_tree(folder)))
    if (std::ranges::count(suffixes, entry.path().extension().string()) > 0)
      found.push_back(entry.path());
  std::ranges::sort(found);
  Files files;
  for (const fs::path& file : found) files.push_back(bytes_of(file));
  return files;
}

Files weights() {
  const TemporaryFolder folder;
  const std::vector<NamedTensor> tensors{{"a.weight", Tensor::zeros({2, 3, 1, 1})},
                                         {"a.count", Tensor::zeros({1}, DType::i64)}};
  write_safetensors(folder / "a.safetensors", tensors);
  write_torch(folder / "a.pth", tensors, true, {{"epoch_idx", 3}});
  Files files = golden("tests/golden/torch", {".pth"});
  files.push_back(bytes_of(folder / "a.safetensors"));
  files.push_back(bytes_of(folder / "a.pth"));
  return files;
}

Files json() {
  const TemporaryFolder folder;
  write_pix3d(folder.path(), {.chairs = 2, .others = 0});
  return {bytes_of(folder / "pix3d.json"),
          bytes_of_text(R"([{"taxonomy_id": "chair", "taxonomy_name": "chair", "train": ["a", "b"],
                            "val": [], "test": ["c"], "baseline": {"1-view": 0.5}}])")};
}

Files hdf5() {
  Hdf5Writer writer("seed");
  writer.attribute("", "config", std::string("model: {}"));
  writer.attribute("", "threshold", 0.5);
  writer.group("model");
  writer.tensor("model", "a.weight", Tensor::zeros({3, 4}));
  writer.tensor("model", "a.bias", Tensor::zeros({4}));
  writer.group("training");
  writer.attribute("training", "epoch", std::int64_t{3});
  return {writer.finish()};
}

Files packed() {
  const TinyDataset tiny({.categories = 1,
                          .train = 2,
                          .val = 1,
                          .test = 0,
                          .views = 1,
                          .picture_size = 16,
                          .n_vox = 8});
  const TemporaryFolder folder;
  const auto train = open_dataset({.root = tiny.root()}, "train");
  pack_dataset({{"train", train.get()}}, {.out = folder / "a.h5"});
  return {bytes_of(folder / "a.h5")};
}

}  // namespace

Files seeds_of(const std::string& target) {
  if (target == "weights") return weights();
  if (target == "zip") return golden("tests/golden/torch", {".pth"});
  if (target == "mat") return golden("tests/golden/mat", {".mat"});
  if (target == "json") return json();
  if (target == "yaml")
    return {bytes_of_text(to_yaml(Config{})), bytes_of(in_source_tree("configs/Pix2Vox-F.yaml"))};
  if (target == "npy") return {encode_npy(asymmetric_grid(8))};
  if (target == "binvox") return {encode_binvox(asymmetric_grid(16))};
  if (target == "hdf5") return hdf5();
  if (target == "packed") return packed();
  if (target == "off") {
    const TemporaryFolder folder;
    write_off(asymmetric_mesh(), folder / "a.off");
    write_off(asymmetric_mesh(), folder / "b.off", true);
    return {bytes_of(folder / "a.off"), bytes_of(folder / "b.off")};
  }
  if (target == "obj") return {encode_obj(asymmetric_mesh())};
  if (target == "ply") return {encode_ply(asymmetric_mesh())};
  if (target == "stl") return {encode_stl(asymmetric_mesh())};
  if (target == "pictures")
    return golden("tests/voxels/data",
                  {".jpg", ".bmp", ".gif", ".tga", ".ppm", ".webp", ".heic", ".avif"});
  if (target == "png") return golden("tests/golden/pictures", {".png"});
  return {bytes_of_text("<COLLADA/>")};
}

}  // namespace voxgrad::testing
