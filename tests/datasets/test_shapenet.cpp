// Reading a folder in the 3D-R2N2 layout.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "datasets/shapenet/shapenet.h"
#include "datasets/shapenet/volume_of_view.h"
#include "io/file.h"
#include "tensor/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_dataset.h"
#include "voxels/grid/binvox.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

ShapeNetOptions options_of(const TinyDataset& tiny, const std::string& split = "train") {
  ShapeNetOptions options;
  options.root = tiny.root();
  options.split = split;
  return options;
}

template <class E>
std::string refusal(const ShapeNetOptions& options) {
  return error_of<E>([&] { const ShapeNetDataset dataset(options); });
}

}  // namespace

TEST_CASE("objects come in taxonomy order with all their views") {
  const TinyDataset tiny;
  const ShapeNetDataset dataset(options_of(tiny));
  REQUIRE(dataset.size() == 6);
  CHECK(dataset.info(0).taxonomy_id == "0000");
  CHECK(dataset.info(0).taxonomy_name == "chair");
  CHECK(dataset.info(0).object_id == "train0");
  CHECK(dataset.info(5).taxonomy_name == "table");
  CHECK(dataset.info(5).object_id == "train2");
  CHECK(dataset.view_count(5) == 3);
  CHECK(dataset.view_name(5, 2) == tiny.view("0001", "train2", "02.png").string());
  CHECK(dataset.view(5, 2).pixels == read_image(tiny.view("0001", "train2", "02.png")).pixels);
  CHECK(dataset.volume(5).values == read_binvox(tiny.volume("0001", "train2")).values);
  CHECK(dataset.volume_name(5) == tiny.volume("0001", "train2").string());
  CHECK(ShapeNetDataset(options_of(tiny, "val")).size() == 2);
  CHECK(ShapeNetDataset(options_of(tiny, "test")).size() == 4);
  CHECK_THROWS_AS(dataset.info(6), Error);
  CHECK_THROWS_AS(dataset.view(0, 3), Error);
}

TEST_CASE("views of any number and any numbering are in order") {
  const TinyDataset tiny({.categories = 1, .train = 1, .views = 1});
  const fs::path folder = tiny.view("0000", "train0").parent_path();
  for (const char* name : {"2.png", "10.png", "1.PNG", "100.png"})
    fs::copy_file(folder / "00.png", folder / name);
  fs::remove(folder / "00.png");
  std::ofstream(folder / "rendering_metadata.txt") << "0 30 0 1 25\n";
  const ShapeNetDataset dataset(options_of(tiny));
  REQUIRE(dataset.view_count(0) == 4);
  std::vector<std::string> names;
  for (int v = 0; v < 4; ++v) names.push_back(fs::path(dataset.view_name(0, v)).filename());
  CHECK(names == std::vector<std::string>{"1.PNG", "2.png", "10.png", "100.png"});
}

TEST_CASE("categories are chosen by id or name") {
  const TinyDataset tiny;
  ShapeNetOptions options = options_of(tiny);
  options.categories = {"table"};
  CHECK(ShapeNetDataset(options).info(0).taxonomy_name == "table");
  options.categories = {"0000", "chair"};
  CHECK(ShapeNetDataset(options).size() == 3);
  options.categories = {"chair", "tabel"};
  const std::string message = refusal<ConfigError>(options);
  CHECK(says(message, "unknown category tabel"));
  CHECK(says(message, "has chair, table"));
}

TEST_CASE("another taxonomy file and another volume folder are taken") {
  const TinyDataset tiny({.n_vox = 64});
  fs::rename(tiny.root() / "ShapeNetVox32", tiny.root() / "ShapeNetVox64");
  fs::rename(tiny.root() / "dataset.json", tiny.root() / "mine.json");
  ShapeNetOptions options = options_of(tiny);
  CHECK(says(refusal<DataError>(options), "dataset.json"));
  options.taxonomy = tiny.root() / "mine.json";
  CHECK(ShapeNetDataset(options).volume(0).n == 64);
  fs::create_directory(tiny.root() / "ShapeNetVox128");
  CHECK(says(refusal<DataError>(options), "2 folders"));
}

TEST_CASE("missing files are named, counted, and the layout shown") {
  const TinyDataset tiny;
  ShapeNetOptions options = options_of(tiny);
  fs::remove(tiny.volume("0001", "train0"));
  fs::remove_all(tiny.view("0001", "train1").parent_path());
  const std::string message = refusal<DataError>(options);
  CHECK(says(message, "2 of 6 objects"));
  CHECK(says(message, "first missing: " + tiny.volume("0001", "train0").string()));
  CHECK(says(message, "expected layout"));
  options.skip_missing = true;
  const ShapeNetDataset rest(options);
  CHECK(rest.size() == 4);
  CHECK(rest.missing() == 2);

  fs::remove_all(tiny.root() / "ShapeNetRendering" / "0000");
  fs::remove_all(tiny.root() / "ShapeNetRendering" / "0001");
  CHECK(says(refusal<DataError>(options), "6 of 6 objects"));
  fs::remove_all(tiny.root() / "ShapeNetRendering");
  CHECK(says(refusal<DataError>(options), "no folder"));
  options.root = "/nowhere";
  CHECK(says(refusal<DataError>(options), "no folder /nowhere"));
}

TEST_CASE("an empty split and an unknown one are errors") {
  const TinyDataset tiny({.val = 0});
  CHECK(says(refusal<DataError>(options_of(tiny, "val")), "no objects"));
  CHECK(says(refusal<ConfigError>(options_of(tiny, "all")), "\"all\""));
}

TEST_CASE("damaged files are data errors that name the file") {
  const TinyDataset tiny;
  const ShapeNetDataset dataset(options_of(tiny));
  const fs::path view = tiny.view("0000", "train0"), volume = tiny.volume("0000", "train0");
  fs::resize_file(view, fs::file_size(view) / 2);
  fs::resize_file(volume, fs::file_size(volume) / 2);
  CHECK(says(error_of<DataError>([&] { dataset.view(0, 0); }), view.string()));
  CHECK(says(error_of<DataError>([&] { dataset.volume(0); }), volume.string()));
}

TEST_CASE("a damaged picture whose pixels are all there is read only leniently") {
  const TinyDataset tiny;
  const fs::path file = tiny.view("0000", "train0");
  const std::vector<std::uint8_t> pixels = read_image(file).pixels;
  std::vector<std::uint8_t> bytes = read_file(file, 1 << 20);
  // A chunk that no pixel depends on, with a wrong checksum, before the last one.
  const std::vector<std::uint8_t> chunk{0, 0, 0, 0, 't', 'E', 'X', 't', 1, 2, 3, 4};
  bytes.insert(bytes.end() - 12, chunk.begin(), chunk.end());
  write_file_atomically(file, bytes);

  const ShapeNetDataset strict(options_of(tiny));
  const std::string refusal = error_of<DataError>([&] { strict.view(0, 0); });
  CHECK(says(refusal, file.string()));
  CHECK(says(refusal, "data.lenient"));
  ShapeNetOptions options = options_of(tiny);
  options.lenient = true;
  CHECK(ShapeNetDataset(options).view(0, 0).pixels == pixels);
}

TEST_CASE("the volume of a view is found where both lie in a data set") {
  const TinyDataset tiny;
  CHECK(volume_of_view(tiny.view("0000", "train0")) == tiny.volume("0000", "train0"));
  CHECK(volume_of_view(fs::relative(tiny.view("0001", "val0"))) == tiny.volume("0001", "val0"));
  fs::rename(tiny.root() / "ShapeNetVox32", tiny.root() / "ShapeNetVox64");
  CHECK(volume_of_view(tiny.view("0000", "train0")) ==
        tiny.root() / "ShapeNetVox64/0000/train0/model.binvox");
  fs::remove(tiny.root() / "ShapeNetVox64/0000/train0/model.binvox");
  CHECK_FALSE(volume_of_view(tiny.view("0000", "train0")));
  CHECK_FALSE(volume_of_view("chair.png"));
  CHECK_FALSE(volume_of_view("/rendering/00.png"));
}
