#include "tests/support/tiny_dataset.h"

#include <cstdio>

#include "datasets/shapenet/taxonomy.h"
#include "tensor/rng.h"
#include "voxels/grid/binvox.h"
#include "voxels/image/image.h"

namespace voxgrad::testing {
namespace {

std::string two_digits(int number) {
  char text[16];
  std::snprintf(text, sizeof text, "%02d", number);
  return text;
}

/// Coloured noise on a transparent ground.
Image random_picture(int size, Rng& rng) {
  Image image(size, size, 4);
  const int border = size / 4;
  for (int y = border; y < size - border; ++y)
    for (int x = border; x < size - border; ++x) {
      std::uint8_t* pixel = image.at(x, y);
      for (int c = 0; c < 3; ++c) pixel[c] = std::uint8_t(rng.below(256));
      pixel[3] = 255;
    }
  return image;
}

/// A solid box whose sides are a quarter to a half of the grid.
VoxelGrid random_box(int n, Rng& rng) {
  VoxelGrid grid(n);
  int low[3], high[3];
  for (int axis = 0; axis < 3; ++axis) {
    low[axis] = int(rng.below(std::uint64_t(n) / 2 + 1));
    high[axis] = low[axis] + n / 4 + int(rng.below(std::uint64_t(n) / 4 + 1));
  }
  for (int x = low[0]; x < high[0]; ++x)
    for (int y = low[1]; y < high[1]; ++y)
      for (int z = low[2]; z < high[2]; ++z) grid.at(x, y, z) = 1;
  return grid;
}

}  // namespace

TinyDataset::TinyDataset(const TinyDatasetOptions& options) {
  Taxonomy taxonomy;
  for (int c = 0; c < options.categories; ++c) {
    Category category;
    category.taxonomy_id = "00" + two_digits(c);
    category.taxonomy_name = c == 0 ? "chair" : c == 1 ? "table" : "class" + std::to_string(c);
    const auto add = [&](std::vector<std::string>& ids, const std::string& split, int count) {
      for (int i = 0; i < count; ++i) {
        const std::string& id = ids.emplace_back(split + std::to_string(i));
        const auto first_view = view(category.taxonomy_id, id),
                   grid = volume(category.taxonomy_id, id);
        std::filesystem::create_directories(first_view.parent_path());
        std::filesystem::create_directories(grid.parent_path());
        Rng rng(options.seed, {std::uint64_t(c), std::uint64_t(split[0]), std::uint64_t(i)});
        for (int v = 0; v < options.views; ++v)
          write_png(random_picture(options.picture_size, rng),
                    first_view.parent_path() / (two_digits(v) + ".png"));
        write_binvox(random_box(options.n_vox, rng), grid);
      }
    };
    add(category.train, "train", options.train);
    add(category.val, "val", options.val);
    add(category.test, "test", options.test);
    taxonomy.push_back(category);
  }
  write_taxonomy(taxonomy, folder_ / "dataset.json");
}

std::filesystem::path TinyDataset::view(const std::string& taxonomy_id,
                                        const std::string& object_id,
                                        const std::string& name) const {
  return folder_ / "ShapeNetRendering" / taxonomy_id / object_id / "rendering" / name;
}

std::filesystem::path TinyDataset::volume(const std::string& taxonomy_id,
                                          const std::string& object_id) const {
  return folder_ / "ShapeNetVox32" / taxonomy_id / object_id / "model.binvox";
}

}  // namespace voxgrad::testing
