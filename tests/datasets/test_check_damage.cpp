// Twenty-four kinds of damage, each planted alone in a sound set, and each found and named.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "datasets/check/check.h"
#include "datasets/check/findings.h"
#include "datasets/check/published_counts.h"
#include "datasets/common/rendered_views.h"
#include "datasets/shapenet/taxonomy.h"
#include "io/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/mat_writer.h"
#include "tests/support/published_sets.h"
#include "tests/support/temporary_folder.h"
#include "voxels/grid/axes.h"
#include "voxels/grid/binvox.h"
#include "voxels/image/image.h"
#include "voxels/voxelize/voxelize.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

constexpr int objects = 9, views = 2, edge = 16;

/// A set in 3D-R2N2's layout with real cameras: six training objects, a validation object and two
/// test objects, each alike its mirror image along z, each with pictures rendered from its mesh.
class SoundSet {
 public:
  /// A copy of one that is made once.
  SoundSet() {
    static const SoundSet made(0);
    fs::copy(made.root(), root(), fs::copy_options::recursive);
  }

  const fs::path& root() const { return folder_.path(); }
  static std::string id(int object) { return "object" + std::to_string(object); }
  fs::path rendering(int object) const {
    return root() / "ShapeNetRendering/chair" / id(object) / "rendering";
  }
  fs::path view(int object, int view = 0) const {
    return rendering(object) / ("0" + std::to_string(view) + ".png");
  }
  fs::path volume(int object) const {
    return root() / "ShapeNetVox32/chair" / id(object) / "model.binvox";
  }

 private:
  explicit SoundSet(int) {
    Category chairs{"chair", "chair", {}, {}, {}};
    for (int i = 0; i < objects; ++i) {
      (i < 6 ? chairs.train : i < 7 ? chairs.val : chairs.test).push_back(id(i));
      write_object(i);
    }
    write_taxonomy({chairs}, root() / "dataset.json");
  }

  // A seat with a back, of different heights: alike along z alone.
  static Mesh chair(int object) {
    Mesh mesh;
    const auto box = [&](Vec3 low, Vec3 high) {
      constexpr std::array<std::array<std::uint32_t, 4>, 6> sides{
          {{0, 1, 3, 2}, {4, 6, 7, 5}, {0, 4, 5, 1}, {2, 3, 7, 6}, {0, 2, 6, 4}, {1, 5, 7, 3}}};
      const auto first = std::uint32_t(mesh.vertices.size());
      for (int corner = 0; corner < 8; ++corner)
        mesh.vertices.push_back({corner & 4 ? high[0] : low[0], corner & 2 ? high[1] : low[1],
                                 corner & 1 ? high[2] : low[2]});
      for (const auto& side : sides) {
        mesh.triangles.push_back({first + side[0], first + side[1], first + side[2]});
        mesh.triangles.push_back({first + side[0], first + side[2], first + side[3]});
      }
    };
    box({0, 0, 0}, {10, 3.0 + object, 5});
    box({0, 0, 0}, {2, 16, 5});
    return mesh;
  }

  void write_object(int object) {
    // The readers' own renderer makes the pictures: it knows its cameras.
    const Mesh mesh = chair(object);
    const std::function<Mesh()> load = [&] { return mesh; };
    const RenderedViews pictures(views, 64);
    fs::create_directories(rendering(object));
    fs::create_directories(volume(object).parent_path());
    Rng rng(0, {hash_of_name(id(object))});
    const std::vector<Camera> cameras = draw_cameras(MeshRenderer(mesh), rng, views);
    std::string metadata, names;
    for (int v = 0; v < views; ++v) {
      write_png(pictures.picture(id(object), load, v), view(object, v));
      const Camera& camera = cameras[std::size_t(v)];
      metadata += std::to_string(camera.azimuth) + " " + std::to_string(camera.elevation) + " 0 " +
                  std::to_string(camera.distance) + " 25\n";
      names += "0" + std::to_string(v) + ".png\n";
    }
    std::ofstream(rendering(object) / "rendering_metadata.txt") << metadata;
    std::ofstream(rendering(object) / "renderings.txt") << names;
    write_binvox(voxelize(mesh, edge), volume(object));
  }

  TemporaryFolder folder_;
};

std::string everything_said(const DatasetReport& report) {
  std::string text;
  for (const std::string& line : report.missing) text += "missing: " + line + "\n";
  for (const FileProblem& problem : report.bad)
    text += "damaged: " + problem.path + ": " + problem.message + "\n";
  for (const std::string& line : report.notes) text += "note: " + line + "\n";
  return text;
}

void change_bytes(const fs::path& file,
                  const std::function<void(std::vector<std::uint8_t>&)>& change) {
  std::vector<std::uint8_t> bytes = read_file(file, 1 << 20);
  change(bytes);
  write_file_atomically(file, bytes);
}

VoxelGrid shell(const VoxelGrid& grid) {
  VoxelGrid result = grid;
  for (int x = 1; x + 1 < grid.n; ++x)
    for (int y = 1; y + 1 < grid.n; ++y)
      for (int z = 1; z + 1 < grid.n; ++z)
        if (grid.at(x - 1, y, z) + grid.at(x + 1, y, z) + grid.at(x, y - 1, z) +
                grid.at(x, y + 1, z) + grid.at(x, y, z - 1) + grid.at(x, y, z + 1) ==
            6)
          result.at(x, y, z) = 0;
  return result;
}

struct Damage {
  const char* name;
  std::function<void(const SoundSet&)> plant;
  std::vector<std::string> said;  // each is part of what the check says
};

const std::vector<Damage>& damages() {
  static const std::vector<Damage> all{
      {"a volume is missing",
       [](const SoundSet& s) { fs::remove(s.volume(1)); },
       {"missing:", "object1/model.binvox"}},
      {"a folder of pictures is missing",
       [](const SoundSet& s) { fs::remove_all(s.rendering(2)); },
       {"missing:", "object2/rendering"}},
      {"a picture is missing",
       [](const SoundSet& s) { fs::remove(s.view(3, 1)); },
       {"missing:", "object3/rendering/01.png"}},
      {"a picture is empty",
       [](const SoundSet& s) { fs::resize_file(s.view(0), 0); },
       {"damaged:", "object0/rendering/00.png"}},
      {"a picture is cut off",
       [](const SoundSet& s) { fs::resize_file(s.view(0), fs::file_size(s.view(0)) / 2); },
       {"damaged:", "object0/rendering/00.png"}},
      {"a bit of a picture is flipped",
       [](const SoundSet& s) {
         change_bytes(s.view(4), [](auto& bytes) { bytes[bytes.size() / 2] ^= 4; });
       },
       {"damaged:", "object4/rendering/00.png"}},
      {"a picture is no picture",
       [](const SoundSet& s) { std::ofstream(s.view(5)) << "<html>404</html>"; },
       {"damaged:", "object5/rendering/00.png"}},
      {"a picture shows nothing",
       [](const SoundSet& s) { write_png(Image(64, 64, 4), s.view(6)); },
       {"damaged:", "object6/rendering/00.png", "alpha is 0"}},
      {"a picture of another size",
       [](const SoundSet& s) {
         Image picture(32, 32, 4);
         std::ranges::fill(picture.pixels, std::uint8_t{200});
         write_png(picture, s.view(7, 1));
       },
       {"note:", "object7/rendering/01.png", "32x32x4"}},
      {"the list of pictures is no list",
       [](const SoundSet& s) {
         fs::remove(s.rendering(0) / "renderings.txt");
         fs::create_directory(s.rendering(0) / "renderings.txt");
       },
       {"damaged:", "object0/rendering/renderings.txt"}},
      {"an object has fewer pictures",
       [](const SoundSet& s) {
         fs::remove(s.view(1, 1));
         std::ofstream(s.rendering(1) / "renderings.txt") << "00.png\n";
       },
       {"note:", "object1 has 1 pictures, most have 2"}},
      {"the cameras are cut off",
       [](const SoundSet& s) {
         std::ofstream(s.rendering(2) / "rendering_metadata.txt") << "12 30 0 2.5 25\n";
       },
       {"note:", "object2/rendering/rendering_metadata.txt"}},
      {"a volume is cut off",
       [](const SoundSet& s) { fs::resize_file(s.volume(3), fs::file_size(s.volume(3)) - 4); },
       {"damaged:", "object3/model.binvox"}},
      {"a volume has no bytes",
       [](const SoundSet& s) { fs::resize_file(s.volume(3), 0); },
       {"damaged:", "object3/model.binvox"}},
      {"a volume's runs do not fit",
       [](const SoundSet& s) { change_bytes(s.volume(3), [](auto& bytes) { bytes.back() ^= 1; }); },
       {"damaged:", "object3/model.binvox"}},
      {"a volume has no voxels",
       [](const SoundSet& s) { write_binvox(VoxelGrid(edge), s.volume(4)); },
       {"damaged:", "object4/model.binvox", "is empty"}},
      {"a volume is full",
       [](const SoundSet& s) { write_binvox(VoxelGrid(edge).thresholded(0), s.volume(4)); },
       {"note:", "object4/model.binvox", "every voxel"}},
      {"a volume is a surface",
       [](const SoundSet& s) { write_binvox(shell(read_binvox(s.volume(8))), s.volume(8)); },
       {"note:", "object8/model.binvox", "surface without its inside"}},
      {"a volume of another side",
       [](const SoundSet& s) {
         VoxelGrid grid(8);
         grid.at(1, 2, 3) = 1;
         write_binvox(grid, s.volume(5));
       },
       {"damaged:", "object5: the volume has 8 voxels per side"}},
      {"axes of a volume are exchanged",
       [](const SoundSet& s) {
         const AxisTurn exchange{{0, 2, 1}, {1, 1, 1}};
         write_binvox(exchange(read_binvox(s.volume(5))), s.volume(5));
       },
       {"note:", "object5/model.binvox", "axes seem to be wrong", "y and z exchanged"}},
      {"axes of all volumes are exchanged, and there are no cameras",
       [](const SoundSet& s) {
         const AxisTurn exchange{{2, 1, 0}, {1, 1, 1}};
         for (int i = 0; i < objects; ++i) {
           write_binvox(exchange(read_binvox(s.volume(i))), s.volume(i));
           fs::remove(s.rendering(i) / "rendering_metadata.txt");
         }
       },
       {"note:", "volumes of chair are alike their mirror image along x"}},
      {"a test object's volume is a training object's",
       [](const SoundSet& s) {
         fs::copy_file(s.volume(0), s.volume(7), fs::copy_options::overwrite_existing);
       },
       {"note:", "the volume of object0 is in train of chair and as object7 in test of chair"}},
      {"a test object's picture is a training object's",
       [](const SoundSet& s) {
         fs::copy_file(s.view(0), s.view(8), fs::copy_options::overwrite_existing);
       },
       {"note:", "the first picture of object0 is in train of chair and as object8"}},
      {"an object is in no split",
       [](const SoundSet& s) {
         fs::copy(s.volume(0).parent_path(), s.volume(0).parent_path().string() + "-more");
       },
       {"note:", "1 of the objects in", "in no split", "object0-more"}},
  };
  return all;
}

}  // namespace

TEST_CASE("check: a sound set is good and has no notes") {
  const SoundSet set;
  const DatasetReport report = check_dataset(set.root());
  CHECK(report.good());
  CHECK(everything_said(report) == "");
}

TEST_CASE("check: each kind of damage is found and named") {
  CHECK(damages().size() >= 20);
  for (const Damage& damage : damages()) {
    CAPTURE(damage.name);
    const SoundSet set;
    damage.plant(set);
    const std::string said = everything_said(check_dataset(set.root()));
    for (const std::string& part : damage.said) CHECK(says(said, part));
  }
}

TEST_CASE("check: what was found is kept, and a stopped check continues") {
  const SoundSet set;
  fs::remove(set.volume(1));
  const DatasetReport whole = check_dataset(set.root());
  const TemporaryFolder folder;
  std::atomic<bool> stop{false};
  CheckOptions options;
  options.threads = 1;
  options.journal = folder / "journal";
  options.stop = &stop;
  options.progress = [&](std::int64_t done, std::int64_t) { stop = done == 4; };
  const DatasetReport first = check_dataset(set.root(), options);
  CHECK(first.interrupted);
  // What the last writing cut off does no harm; what is known is not looked at again.
  fs::resize_file(options.journal, fs::file_size(options.journal) - 5);
  fs::remove_all(set.rendering(0));
  stop = false;
  std::int64_t calls = 0;
  options.progress = [&](std::int64_t, std::int64_t) { ++calls; };
  const DatasetReport second = check_dataset(set.root(), options);
  CHECK_FALSE(second.interrupted);
  CHECK(calls == objects);
  CHECK(second.missing == whole.missing);
  CHECK(second.total().complete == whole.total().complete);
  // Another way of checking begins anew.
  options.decode = false;
  CHECK(check_dataset(set.root(), options).missing.size() == whole.missing.size() + 1);
}

TEST_CASE("check: sets of every kind, their missing and damaged files") {
  const TemporaryFolder folder;
  write_pix3d(folder / "pix3d");
  write_pascal3d(folder / "pascal3d");
  write_modelnet(folder / "modelnet");
  write_shapenetcore(folder / "core");
  const auto check_kind = [&](const char* kind, const fs::path& root) {
    return check_dataset(DatasetSource{.kind = kind, .root = root, .n_vox = 16});
  };
  CHECK(check_kind("pix3d", folder / "pix3d").good());
  CHECK(check_kind("pascal3d", folder / "pascal3d").good());
  CHECK(check_kind("modelnet", folder / "modelnet").good());
  CHECK(check_kind("shapenetcore", folder / "core").good());

  CHECK(says(everything_said(check_kind("pix3d", folder / "pix3d")),
             "chair: 0/0/4 objects in train/val/test; published are 0/0/2894"));
  fs::remove(folder / "pix3d/img/chair/0002.png");
  write_bytes(folder / "pix3d/model/chair/F/voxel.mat", MatBytes(10, 1));
  const std::string pix3d = everything_said(check_kind("pix3d", folder / "pix3d"));
  CHECK(says(pix3d, "missing: " + (folder / "pix3d/img/chair/0002.png").string()));
  CHECK(says(pix3d, "damaged: " + (folder / "pix3d/model/chair/F/voxel.mat").string()));

  fs::remove(folder / "pascal3d/Images/car_pascal/2008_0001.jpg");
  fs::resize_file(folder / "pascal3d/Annotations/car_imagenet/n02814533_10.mat", 200);
  const std::string pascal = everything_said(check_kind("pascal3d", folder / "pascal3d"));
  CHECK(says(pascal, "missing:"));
  CHECK(says(pascal, "2008_0001"));
  CHECK(says(pascal, "n02814533_10.mat"));

  fs::resize_file(folder / "modelnet/chair/test/chair_0003.off", 30);
  const std::string modelnet = everything_said(check_kind("modelnet", folder / "modelnet"));
  CHECK(says(modelnet, "chair_0003.off"));
}

TEST_CASE("check: published counts are of the published sets alone") {
  CHECK(published_counts("shapenet", {"chair", "table"}).empty());
  CHECK(published_counts("pix3d", {"chair"}).size() == 1);
  std::vector<std::string> ten(10, "class");
  CHECK(published_counts("modelnet", ten).front().test == 908);
  std::int64_t train = 0;
  const std::vector<std::string> r2n2{"02691156", "02828884", "02933112", "02958343", "03001627",
                                      "03211117", "03636649", "03691459", "04090263", "04256520",
                                      "04379243", "04401088", "04530566"};
  for (const PublishedCount& count : published_counts("shapenet", r2n2)) train += count.train;
  CHECK(train == 30643);
}

TEST_CASE("check: shells, mirrors and silhouettes are measured") {
  VoxelGrid cube(16);
  for (int x = 4; x < 12; ++x)
    for (int y = 4; y < 12; ++y)
      for (int z = 4; z < 12; ++z) cube.at(x, y, z) = 1;
  CHECK(enclosed_share(cube) == 0);
  CHECK(enclosed_share(shell(cube)) == doctest::Approx(216.0 / 296));
  VoxelGrid open = shell(cube);
  open.at(4, 8, 8) = 0;
  CHECK(enclosed_share(open) == 0);
  const VoxelGrid odd = asymmetric_grid(16);
  for (int axis = 0; axis < 3; ++axis) {
    CHECK(mirror_iou(cube, axis) == 1);
    CHECK(mirror_iou(odd, axis) < 0.7);
  }
}
