#include "tests/apps/tiny_run.h"

#include <array>

#include "datasets/shapenet/taxonomy.h"
#include "tensor/error.h"
#include "voxels/grid/binvox.h"

namespace voxgrad::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* category = "table";
constexpr int objects = 8, views = 2;

std::string object_name(int object) {
  return concat("object", object);
}

// Boxes of different heights.
VoxelGrid box(int object) {
  VoxelGrid grid(32);
  for (int x = 4; x < 28; ++x)
    for (int y = 0; y < 8 + 3 * object; ++y)
      for (int z = 8; z < 24; ++z) grid.at(x, y, z) = 1;
  return grid;
}

}  // namespace

Image box_picture(int channels, int size) {
  Image picture(size, size, channels);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const bool inside = x > size / 4 && x < size * 3 / 4 && y > size / 4 && y < size * 3 / 4;
      const std::array<std::uint8_t, 4> object{150, 90, 40, 255}, paper{255, 255, 255, 0};
      for (int c = 0; c < channels; ++c) picture.at(x, y)[c] = (inside ? object : paper)[c];
    }
  }
  return picture;
}

std::string tiny_binvox(const fs::path& root, int object) {
  return (root / "ShapeNetVox32" / category / object_name(object) / "model.binvox").string();
}

void write_tiny_dataset(const fs::path& root) {
  Category all{category, category, {}, {}, {}};
  for (int i = 0; i < objects; ++i) {
    const fs::path pictures = root / "ShapeNetRendering" / category / object_name(i) / "rendering";
    const fs::path volume = tiny_binvox(root, i);
    fs::create_directories(pictures);
    fs::create_directories(volume.parent_path());
    for (int v = 0; v < views; ++v) write_png(box_picture(4), pictures / concat("0", v, ".png"));
    write_binvox(box(i), volume);
    (i < 4 ? all.train : i < 6 ? all.val : all.test).push_back(object_name(i));
  }
  write_taxonomy({all}, root / "dataset.json");
}

Arguments tiny_training(const std::string& data, const std::string& out, int epochs) {
  return {"train", "--cfg", mini_config,         "--data",       data,
          "--out", out,     "--epochs",          concat(epochs), "--seed",
          "1",     "--set", "train.batch_size=2"};
}

const TinyRun& tiny_run() {
  static const TinyRun* const run = [] {
    static TinyRun made;
    made.data = made.folder / "data";
    made.run = made.folder / "run";
    made.weights = made.run + "/checkpoints/best.h5";
    write_tiny_dataset(made.data);
    const Ended trained = pix2vox(tiny_training(made.data, made.run));
    check(trained.code == 0, "the tiny training failed: ", trained.err);
    return &made;
  }();
  return *run;
}

}  // namespace voxgrad::testing
