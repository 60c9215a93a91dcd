// A data set packed into one file gives the same bits, and damage to the file is found.
#include <doctest/doctest.h>

#include <cstring>
#include <fstream>

#include "datasets/loading/loader.h"
#include "datasets/open.h"
#include "datasets/packed/packed.h"
#include "tests/support/expect_error.h"
#include "tests/support/mat_writer.h"
#include "tests/support/published_sets.h"
#include "tests/support/tensors.h"
#include "tests/support/tiny_dataset.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

fs::path pack(const DatasetSource& source, const fs::path& out, int threads = 2) {
  std::vector<std::unique_ptr<Dataset>> opened;
  std::vector<PackedSplit> splits;
  for (const std::string& split : splits_of(source)) {
    opened.push_back(open_dataset(source, split));
    splits.push_back({split, opened.back().get()});
  }
  pack_dataset(splits, {.out = out, .overwrite = true, .threads = threads, .chunk_bytes = 20000});
  return out;
}

/// Two epochs of both, batch by batch.
void check_same_batches(const Dataset& a, const Dataset& b) {
  LoaderOptions options;
  options.batch_size = 2;
  options.n_views = 1;
  options.shuffle = options.augment = true;
  options.transform.size = 24;
  Loader first(a, options), second(b, options);
  REQUIRE(first.batches() == second.batches());
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    first.start_epoch(epoch);
    second.start_epoch(epoch);
    Batch x, y;
    while (first.next(x)) {
      REQUIRE(second.next(y));
      CHECK(same_bytes(x.images, y.images));
      CHECK(same_bytes(x.volumes, y.volumes));
      CHECK(x.objects.front().object_id == y.objects.front().object_id);
    }
  }
}

std::vector<std::uint8_t> bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("packed: batches are the same bits as those of the set itself") {
  const TinyDataset tiny;
  const TemporaryFolder folder;
  write_pix3d(folder / "pix3d");
  write_pascal3d(folder / "pascal3d");
  for (const DatasetSource& source :
       {DatasetSource{.root = tiny.root()},
        DatasetSource{.kind = "pix3d", .root = folder / "pix3d"},
        DatasetSource{.kind = "pascal3d", .root = folder / "pascal3d"}}) {
    const fs::path file = pack(source, folder / (source.kind + ".h5"));
    CHECK(PackedDataset::splits(file) == splits_of(source));
    for (const std::string& split : splits_of(source)) {
      const auto original = open_dataset(source, split);
      const PackedDataset packed(file, split);
      REQUIRE(packed.size() == original->size());
      for (std::int64_t i = 0; i < packed.size(); ++i) {
        CHECK(packed.info(i).taxonomy_name == original->info(i).taxonomy_name);
        REQUIRE(packed.view_count(i) == original->view_count(i));
        const Image a = packed.view(i, 0), b = original->view(i, 0);
        CHECK(a.width == b.width);
        CHECK(a.channels == b.channels);
        CHECK(a.pixels == b.pixels);
        CHECK(packed.volume(i).values == original->volume(i).values);
        CHECK(packed.volume(i).translate == original->volume(i).translate);
        CHECK(packed.box(i, 0).has_value() == original->box(i, 0).has_value());
        if (packed.box(i, 0)) CHECK(packed.box(i, 0)->right == original->box(i, 0)->right);
        CHECK(packed.camera(i, 0).has_value() == original->camera(i, 0).has_value());
        if (packed.camera(i, 0))
          CHECK(packed.camera(i, 0)->matrix == original->camera(i, 0)->matrix);
      }
      check_same_batches(*original, packed);
    }
  }
}

TEST_CASE("packed: the file does not depend on the number of threads") {
  const TinyDataset tiny;
  const TemporaryFolder folder;
  const DatasetSource source{.root = tiny.root()};
  CHECK(bytes_of(pack(source, folder / "a.h5", 1)) == bytes_of(pack(source, folder / "b.h5", 3)));
}

TEST_CASE("packed: pictures lose a border of one colour and get it back") {
  Rng rng(3);
  for (const int channels : {1, 2, 3, 4})
    for (int repeat = 0; repeat < 20; ++repeat) {
      Image picture(1 + int(rng.below(9)), 1 + int(rng.below(9)), channels);
      for (std::uint8_t& value : picture.pixels) value = repeat % 2 == 0 ? 7 : 0;
      if (repeat > 3) picture.pixels[rng.below(picture.pixels.size())] ^= 1;
      if (repeat > 6) picture.pixels[rng.below(picture.pixels.size())] ^= 3;
      std::vector<std::uint8_t> pixels;
      const StoredPicture stored = store_picture(picture, pixels);
      CHECK(restore_picture(stored, pixels).pixels == picture.pixels);
      if (repeat <= 3) CHECK(pixels.empty());
      pixels.push_back(0);
      CHECK_THROWS_AS(restore_picture(stored, pixels), Error);
    }
}

TEST_CASE("packed: every changed byte is found or changes nothing") {
  const TinyDataset tiny({.categories = 1,
                          .train = 2,
                          .val = 0,
                          .test = 0,
                          .views = 1,
                          .picture_size = 16,
                          .n_vox = 8});
  const TemporaryFolder folder;
  const fs::path file = pack({.root = tiny.root()}, folder / "a.h5");
  const std::vector<std::uint8_t> good = bytes_of(file);
  const PackedDataset original(file, "train");
  const Image picture = original.view(0, 0);
  const VoxelGrid volume = original.volume(1);
  Rng rng(1);
  int found = 0;
  constexpr int mutants = 2000;
  for (int i = 0; i < mutants; ++i) {
    std::vector<std::uint8_t> bytes = good;
    bytes[rng.below(bytes.size())] ^= std::uint8_t(1u << rng.below(8));
    if (i % 4 == 0) bytes.resize(rng.below(bytes.size() - 1) + 1);
    write_bytes(folder / "b.h5", bytes);
    try {
      const PackedDataset packed(folder / "b.h5", "train");
      const Image seen = packed.view(0, 0);
      const VoxelGrid grid = packed.volume(1);
      CHECK(seen.pixels == picture.pixels);
      CHECK(grid.values == volume.values);
    } catch (const Error&) {
      ++found;
    }
  }
  CHECK(found > mutants / 4);
}

TEST_CASE("packed: other files, other splits, and what is there already") {
  const TinyDataset tiny({.categories = 1, .train = 2, .val = 0, .test = 1, .views = 1});
  const TemporaryFolder folder;
  const fs::path file = pack({.root = tiny.root()}, folder / "a.h5");
  CHECK(says(error_of<DataError>([&] { const PackedDataset d(file, "val"); }), "\"val\""));
  CHECK_THROWS_AS(PackedDataset(folder / "none.h5", "train"), DataError);
  write_bytes(folder / "text.h5", MatBytes(1000, 'a'));
  CHECK_THROWS_AS(PackedDataset(folder / "text.h5", "train"), DataError);
  const auto train = open_dataset({.root = tiny.root()}, "train");
  CHECK(says(error_of<ConfigError>([&] {
               pack_dataset({{"train", train.get()}}, {.out = file});
             }),
             "exists already"));
  const std::atomic<bool> stop{true};
  CHECK(
      pack_dataset({{"train", train.get()}}, {.out = folder / "c.h5", .stop = &stop}).interrupted);
  CHECK_FALSE(fs::exists(folder / "c.h5"));
  CHECK_THROWS_AS(pack_dataset({{"train", train.get()}}, {.out = folder / "no/folder/c.h5"}),
                  Error);
  for (const auto& entry : fs::directory_iterator(folder.path()))
    CHECK(entry.path().filename().string().find("unfinished") == std::string::npos);
}
