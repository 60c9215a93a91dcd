// Checking and measuring a folder in the 3D-R2N2 layout.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "datasets/check/check.h"
#include "datasets/shapenet/shapenet.h"
#include "datasets/shapenet/taxonomy.h"
#include "tensor/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_dataset.h"
#include "voxels/grid/binvox.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

void truncate(const fs::path& file) {
  fs::resize_file(file, fs::file_size(file) / 2);
}

using Names = std::vector<std::string>;

std::string noted(const DatasetReport& report) {
  std::string text;
  for (const std::string& note : report.notes) text += note + "\n";
  return text;
}

}  // namespace

TEST_CASE("a sound data set is good") {
  const TinyDataset tiny;
  std::int64_t calls = 0, last_total = 0;
  CheckOptions options;
  options.progress = [&](std::int64_t, std::int64_t total) {
    ++calls;
    last_total = total;
  };
  const DatasetReport report = check_dataset(tiny.root(), options);
  CHECK(report.good());
  CHECK(report.first_missing().empty());
  REQUIRE(report.categories.size() == 2);
  CHECK(report.categories[1].taxonomy_name == "table");
  CHECK(report.categories[1].splits[0].listed == 3);
  CHECK(report.categories[1].splits[1].listed == 1);
  CHECK(report.categories[1].splits[2].views == 6);
  CHECK(report.total().complete == 12);
  CHECK(calls == 12);
  CHECK(last_total == 12);
}

TEST_CASE("a check names everything that is missing or bad") {
  const TinyDataset tiny;
  fs::remove(tiny.volume("0000", "train1"));
  fs::remove_all(tiny.view("0000", "test0").parent_path());
  std::ofstream(tiny.view("0001", "val0", "renderings.txt"))
      << "00.png\r\n01.png\n02.png\n07.png\n";
  truncate(tiny.view("0000", "train0", "01.png"));
  write_binvox(VoxelGrid(32), tiny.volume("0001", "train0"));
  write_binvox(VoxelGrid(32).thresholded(0), tiny.volume("0001", "train1"));
  write_png(Image(9, 9, 4), tiny.view("0001", "train2", "00.png"));
  VoxelGrid small(16);
  small.at(1, 2, 3) = 1;
  write_binvox(small, tiny.volume("0001", "test1"));

  const DatasetReport report = check_dataset(tiny.root());
  CHECK_FALSE(report.good());
  CHECK(report.missing == Names{tiny.volume("0000", "train1").string(),
                                tiny.view("0000", "test0").parent_path().string(),
                                tiny.view("0001", "val0", "07.png").string()});
  CHECK(report.first_missing() == tiny.volume("0000", "train1").string());
  CHECK(report.categories[0].splits[0].listed == 3);
  CHECK(report.categories[0].splits[0].complete == 2);
  CHECK(report.categories[0].splits[2].complete == 1);
  Names bad;
  for (const FileProblem& problem : report.bad) bad.push_back(problem.path);
  REQUIRE(bad == Names{tiny.view("0000", "train0", "01.png").string(),
                       tiny.volume("0001", "train0").string(),
                       tiny.view("0001", "train2", "00.png").string(), "test/0001/test1"});
  CHECK(says(report.bad[1].message, "empty"));
  CHECK(says(report.bad[2].message, "alpha"));
  CHECK(says(report.bad[3].message, "16"));
  REQUIRE(!report.notes.empty());  // a cube may fill its grid
  CHECK(says(report.notes[0], tiny.volume("0001", "train1").string()));
  CHECK(says(report.notes[0], "every voxel"));
  CHECK(says(report.expected_layout, "ShapeNetRendering"));

  CheckOptions quick;
  quick.decode = false;
  CHECK(check_dataset(tiny.root(), quick).bad.empty());
  CHECK(check_dataset(tiny.root(), quick).missing == report.missing);
  CHECK_THROWS_AS(check_dataset("/nowhere"), DataError);
}

TEST_CASE("statistics count and measure") {
  const TinyDataset tiny({.picture_size = 24});
  fs::remove(tiny.view("0000", "train0", "02.png"));
  ShapeNetOptions options;
  options.root = tiny.root();
  const ShapeNetDataset dataset(options);
  const DatasetStatistics statistics = dataset_statistics(dataset);
  CHECK(statistics.objects == 6);
  CHECK(statistics.views == 17);
  CHECK(statistics.min_views == 2);
  CHECK(statistics.max_views == 3);
  CHECK(statistics.picture_kinds.at("24x24x4") == 6);
  CHECK(statistics.resolutions.at(32) == 6);
  std::vector<double> shares;
  for (int i = 0; i < 6; ++i) shares.push_back(double(dataset.volume(i).count()) / 32768);
  CHECK(statistics.min_occupancy == doctest::Approx(std::ranges::min(shares)));
  CHECK(statistics.max_occupancy == doctest::Approx(std::ranges::max(shares)));
  const double chairs = (shares[0] + shares[1] + shares[2]) / 3;
  const double tables = (shares[3] + shares[4] + shares[5]) / 3;
  CHECK(statistics.mean_occupancy == doctest::Approx((chairs + tables) / 2));
  CHECK(statistics.categories.at("chair").mean_occupancy == doctest::Approx(chairs));
  CHECK(statistics.categories.at("table").mean_occupancy == doctest::Approx(tables));
  CHECK(statistics.categories.at("table").views == 9);
  truncate(tiny.volume("0001", "train1"));
  CHECK_THROWS_AS(dataset_statistics(dataset), DataError);
}

TEST_CASE("hidden files, masks and pictures beyond renderings.txt are no views") {
  const TinyDataset tiny;
  const fs::path folder = tiny.view("0000", "train0").parent_path();
  std::ofstream(folder / "._00.png") << "resource fork";
  for (const char* name : {"00_mask.png", "01-depth.png", "02.normal.png", "mask.png"})
    fs::copy_file(folder / "00.png", folder / name);
  fs::remove(folder / "renderings.txt");
  ShapeNetOptions options;
  options.root = tiny.root();
  CHECK(ShapeNetDataset(options).view_count(0) == 3);
  CHECK(check_dataset(tiny.root()).good());
  fs::copy_file(folder / "00.png", folder / "view_7.png");  // a name like any other
  CHECK(ShapeNetDataset(options).view_count(0) == 4);
  std::ofstream(folder / "renderings.txt") << "00.png\r\n02.png\n";
  CHECK(ShapeNetDataset(options).view_count(0) == 2);
  CHECK(check_dataset(tiny.root()).total().views == 35);
}

TEST_CASE("an id in two splits is noted") {
  const TinyDataset tiny;
  Taxonomy taxonomy = read_taxonomy(tiny.root() / "dataset.json");
  const std::string id = taxonomy[0].train[0];
  taxonomy[1].train.clear();
  taxonomy[1].test = {id};
  for (const char* kind : {"ShapeNetRendering", "ShapeNetVox32"})
    fs::copy(tiny.root() / kind / taxonomy[0].taxonomy_id / id,
             tiny.root() / kind / taxonomy[1].taxonomy_id / id,
             fs::copy_options::recursive | fs::copy_options::skip_existing);
  write_taxonomy(taxonomy, tiny.root() / "dataset.json");
  const DatasetReport report = check_dataset(tiny.root());
  CHECK(report.good());
  REQUIRE(report.notes.size() == 3 + 3);  // ids, volumes and pictures; and what no split lists
  CHECK(says(noted(report), "train of chair and in test of table"));
}
