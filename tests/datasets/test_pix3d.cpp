// Pix3D in the form of its archive.
#include <doctest/doctest.h>

#include <fstream>

#include "datasets/open.h"
#include "datasets/pix3d/pix3d.h"
#include "datasets/shapenet/taxonomy.h"
#include "tests/support/expect_error.h"
#include "tests/support/mat_writer.h"
#include "tests/support/published_sets.h"
#include "tests/support/source_tree.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

struct Pix3dFolder {
  TemporaryFolder folder;
  explicit Pix3dFolder(const Pix3dForm& form = {}) { write_pix3d(folder.path(), form); }
  Pix3dOptions options() const { return {.root = folder.path()}; }
  /// Writes pix3d.json with one text exchanged for another.
  void change(const std::string& from, const std::string& to) const {
    const fs::path file = folder / "pix3d.json";
    std::ifstream in(file);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    std::ofstream(file) << text;
  }
};

std::string refusal(const Pix3dOptions& options) {
  return error_of<DataError>([&] { const Pix3dDataset dataset(options); });
}

}  // namespace

TEST_CASE("pix3d: the frame's turns are turns, not mirror images") {
  CHECK(pix3d_voxels_turn.determinant() == 1);
  CHECK(pix3d_mesh_turn.determinant() == 1);
}

TEST_CASE("pix3d: the authors' test set, a picture an object") {
  const Pix3dFolder set;
  const Pix3dDataset dataset(set.options());
  REQUIRE(dataset.size() == 4);
  CHECK(dataset.info(0).taxonomy_id == "chair");
  CHECK(dataset.info(0).object_id == "0001");
  CHECK(dataset.view_count(0) == 1);
  CHECK(dataset.view(0, 0).channels == 1);
  CHECK(dataset.view(1, 0).channels == 3);
  CHECK(dataset.view(1, 0).width == 64);
  CHECK(dataset.view_name(1, 0) == (set.folder / "img/chair/0002.png").string());
  const std::optional<Box> box = dataset.box(1, 0);
  REQUIRE(box.has_value());
  CHECK(box->left == doctest::Approx(dataset.entry(1).box[0] / 64));
  CHECK(box->bottom == doctest::Approx(dataset.entry(1).box[3] / 48));
  Pix3dOptions other = set.options();
  other.split = "train";
  CHECK(says(error_of<ConfigError>([&] { const Pix3dDataset d(other); }), "trained elsewhere"));
}

TEST_CASE("pix3d: an asymmetric object's voxels come in R2N2's frame and fill the cube") {
  for (const bool compressed : {false, true})
    for (const int n : {8, 16, 32}) {
      const Pix3dFolder set({.compressed = compressed});
      Pix3dOptions options = set.options();
      options.n_vox = n;
      CHECK(Pix3dDataset(options).volume(0).values == asymmetric_grid(n).values);
    }
}

TEST_CASE("pix3d: the camera sees the voxels where the picture has the object") {
  const Pix3dFolder set;
  const Pix3dDataset dataset(set.options());
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const std::optional<GridCamera> camera = dataset.camera(i, 0);
    REQUIRE(camera.has_value());
    const Image mask = read_image(set.folder / dataset.entry(i).mask);
    const Image seen = seen_through(*camera, dataset.volume(i), mask.width, mask.height);
    CHECK(overlap_of(seen, mask) > 0.95);
  }
}

TEST_CASE("pix3d: masks cut the object out") {
  const Pix3dFolder set;
  Pix3dOptions options = set.options();
  options.masks = true;
  const Pix3dDataset dataset(options);
  const Image mask = read_image(set.folder / "mask/chair/0002.png");
  const Image cut = dataset.view(1, 0), grey = dataset.view(0, 0);
  REQUIRE(cut.channels == 4);
  REQUIRE(grey.channels == 4);
  for (int y = 0; y < cut.height; ++y)
    for (int x = 0; x < cut.width; ++x) REQUIRE(cut.at(x, y)[3] == mask.at(x, y)[0]);
}

TEST_CASE("pix3d: a list of pictures gives other splits; one that is not there is named") {
  const Pix3dFolder set;
  Pix3dOptions options = set.options();
  options.taxonomy = set.folder / "split.json";
  write_taxonomy(
      {{"chair", "chair", {"0003", "0005"}, {}, {"0001"}}, {"sofa", "sofa", {"0006"}, {}, {}}},
      options.taxonomy);
  options.split = "train";
  const Pix3dDataset dataset(options);
  REQUIRE(dataset.size() == 3);
  CHECK(dataset.info(1).object_id == "0005");
  CHECK(dataset.info(2).taxonomy_name == "sofa");
  const DatasetSource source{
      .kind = "pix3d", .root = set.folder.path(), .taxonomy = options.taxonomy};
  CHECK(splits_of(source) == std::vector<std::string>{"train", "test"});
  write_taxonomy({{"chair", "chair", {"0099"}, {}, {}}}, options.taxonomy);
  CHECK(says(refusal(options), "chair/0099"));
}

TEST_CASE("pix3d: Pix2Vox's list has the published number of pictures") {
  const Taxonomy list = read_taxonomy(in_source_tree("datasets/splits/Pix3D.json"));
  REQUIRE(list.size() == 1);
  CHECK(list[0].taxonomy_id == "chair");
  CHECK(list[0].test.size() == 2894);
  CHECK(list[0].train.empty());
}

TEST_CASE("pix3d: what is wrong with pix3d.json is said") {
  const auto complaint = [](const std::string& from, const std::string& to) {
    const Pix3dFolder set;
    set.change(from, to);
    return refusal(set.options());
  };
  CHECK(says(complaint("\"bbox\"", "\"box\""), "entry 0: \"bbox\" is missing"));
  CHECK(says(complaint("img/chair/0001.png", "../../etc/passwd"), "no path below"));
  CHECK(says(complaint("img/chair/0001.png", "/etc/passwd"), "no path below"));
  CHECK(says(complaint("img/chair/0002.png", "img/chair/0001.png"), "listed twice"));
  CHECK(says(complaint("[64,48]", "[0,48]"), "img_size"));
  CHECK(says(complaint("\"truncated\":false", "\"truncated\":0"), "true or false"));
  CHECK(says(complaint("\"category\"", "\"img\""), "occurs twice"));
}

TEST_CASE("pix3d: damaged pictures, masks and voxels are named") {
  const Pix3dFolder set;
  const fs::path voxels = set.folder / "model/chair/F/voxel.mat";
  const Pix3dDataset dataset(set.options());
  write_png(Image(10, 10, 3), set.folder / "img/chair/0002.png");
  CHECK(says(error_of<DataError>([&] { dataset.view(1, 0); }), "pix3d.json says 64x48"));
  write_bytes(voxels, mat_file({mat_uint8("voxel", {2, 2, 2}, MatBytes(8, 0))}, false));
  CHECK(says(error_of<DataError>([&] { dataset.volume(0); }), "voxel.mat: the volume is empty"));
  write_bytes(voxels, mat_file({mat_uint8("voxel", {2, 3, 2}, MatBytes(12, 1))}, false));
  CHECK(says(error_of<DataError>([&] { dataset.volume(0); }), "expected a cube"));
  write_bytes(voxels, mat_file({mat_text("voxel", "none")}, false));
  CHECK(says(error_of<DataError>([&] { dataset.volume(0); }), "three dimensions"));
}
