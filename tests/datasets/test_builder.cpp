#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "datasets/build/builder.h"
#include "datasets/build/furniture_classes.h"
#include "datasets/build/mesh_sources.h"
#include "datasets/build/plain_name.h"
#include "datasets/build/split_groups.h"
#include "datasets/shapenet/shapenet.h"
#include "io/file.h"
#include "tensor/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/shapes.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using testing::box;
using testing::error_of;
using testing::joined;
using testing::obj_text;
using testing::says;
using testing::TemporaryFolder;
using testing::write_text;

namespace {

std::string text_of(const std::filesystem::path& file) {
  const auto bytes = read_file(file, 1 << 24);
  return {bytes.begin(), bytes.end()};
}

// Every file below the folder, by its path in it.
std::map<std::string, std::string> contents(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& item : std::filesystem::recursive_directory_iterator(folder)) {
    if (item.is_regular_file()) {
      files[item.path().lexically_relative(folder).generic_string()] = text_of(item.path());
    }
  }
  return files;
}

// An L whose arm tells the copies apart.
Mesh angle(double arm) {
  return joined(box({0, 0, 0}, {1, 4, 1}), box({0, 0, 0}, {arm, 1, 1}));
}

void write_meshes(const std::filesystem::path& folder) {
  write_text(folder / "chair" / "a.obj", obj_text(angle(3)));
  write_text(folder / "chair" / "deep" / "model.obj", obj_text(angle(2)));
  write_text(folder / "table" / "t 1.off",
             "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n");
  write_text(folder / "table" / "broken.obj", "v 0 0 0\nf 1 2 3\n");
  write_text(folder / "table" / "notes.txt", "no mesh");
}

BuildOptions small(const std::filesystem::path& meshes, const std::filesystem::path& out) {
  BuildOptions options;
  options.meshes = meshes;
  options.out = out;
  options.resolution = 8;
  options.views = 3;
  options.image_size = 33;
  return options;
}

std::vector<std::string> all_ids(const Category& c) {
  std::vector<std::string> ids = c.train;
  ids.insert(ids.end(), c.val.begin(), c.val.end());
  ids.insert(ids.end(), c.test.begin(), c.test.end());
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

TEST_CASE("a folder of meshes becomes a data set that the reader reads") {
  const TemporaryFolder folder;
  write_meshes(folder / "meshes");
  std::vector<int> counts;
  const BuildReport report =
      build_dataset(small(folder / "meshes", folder / "out"), [&](int done, int total, auto&) {
        CHECK(total == 4);
        counts.push_back(done);
      });
  CHECK(counts == std::vector<int>{1, 2, 3, 4});
  CHECK(report.objects == 3);
  REQUIRE(report.skipped.size() == 1);
  CHECK(report.skipped[0].name == "table/broken.obj");
  CHECK(says(text_of(folder / "out/skipped.tsv"), "table/broken.obj\t"));
  REQUIRE(report.taxonomy.size() == 2);
  CHECK(report.taxonomy[0].taxonomy_name == "chair");
  CHECK(all_ids(report.taxonomy[0]) == std::vector<std::string>{"a", "deep-model"});
  CHECK(all_ids(report.taxonomy[1]) == std::vector<std::string>{"t-1"});

  int objects = 0;
  for (const char* split : {"train", "val", "test"}) {
    if (read_taxonomy(folder / "out/dataset.json")[0].objects(split).empty() &&
        read_taxonomy(folder / "out/dataset.json")[1].objects(split).empty()) {
      continue;
    }
    ShapeNetOptions options;
    options.root = folder / "out";
    options.split = split;
    const ShapeNetDataset dataset(options);
    for (std::int64_t i = 0; i < dataset.size(); ++i, ++objects) {
      CHECK(dataset.view_count(i) == 3);
      const Image view = dataset.view(i, 2);
      CHECK(view.width == 33);
      CHECK(view.channels == 4);
      CHECK(dataset.volume(i).n == 8);
      CHECK(dataset.volume(i).count() > 20);
    }
  }
  CHECK(objects == 3);
}

TEST_CASE("each view's metadata are those of its picture") {
  const TemporaryFolder folder;
  write_meshes(folder / "meshes");
  build_dataset(small(folder / "meshes", folder / "out"));
  const auto rendering = folder / "out/ShapeNetRendering/chair/a/rendering";
  CHECK(text_of(rendering / "renderings.txt") == "00.png\n01.png\n02.png\n");
  std::istringstream lines(text_of(rendering / "rendering_metadata.txt"));
  std::set<double> azimuths;
  double azimuth, elevation, roll, distance, field;
  while (lines >> azimuth >> elevation >> roll >> distance >> field) {
    azimuths.insert(azimuth);
    CHECK(azimuth >= 0);
    CHECK(azimuth < 360);
    CHECK(elevation >= 25);
    CHECK(elevation <= 30);
    CHECK(roll == 0);
    CHECK(distance > 1.5);
    CHECK(field == 25);
  }
  CHECK(azimuths.size() == 3);
}

TEST_CASE("the same bytes with one thread and four, other views with another seed") {
  const TemporaryFolder folder;
  write_meshes(folder / "meshes");
  BuildOptions options = small(folder / "meshes", folder / "one");
  options.threads = 1;
  build_dataset(options);
  options.out = folder / "four";
  options.threads = 4;
  build_dataset(options);
  const auto one = contents(folder / "one");
  CHECK(one == contents(folder / "four"));
  CHECK(one.size() == 3 * (3 + 3) + 3);
  // Building again into the same folder replaces it, if told so; fewer views leave no old picture
  // behind, and a mesh that is gone no object.
  options.views = 2;
  options.seed = 5;
  CHECK(says(error_of<ConfigError>([&] { build_dataset(options); }), "--overwrite"));
  CHECK(one == contents(folder / "four"));
  options.overwrite = true;
  std::filesystem::remove(folder / "meshes/chair/deep/model.obj");
  build_dataset(options);
  const auto again = contents(folder / "four");
  CHECK(again.size() == 2 * (2 + 3) + 3);
  const std::string metadata = "ShapeNetRendering/chair/a/rendering/rendering_metadata.txt";
  CHECK(again.at(metadata).substr(0, 8) != one.at(metadata).substr(0, 8));
}

TEST_CASE("a manifest gives splits and credits; rows without a split are dealt") {
  const TemporaryFolder folder;
  write_meshes(folder / "meshes");
  write_text(folder / "meshes/manifest.tsv",
             "file\tcategory\tsplit\tgroup\tlicence\tauthor\ttitle\textra\n"
             "chair/a.obj\tseat\ttest\tg1\tCC0\tAnn\tA chair\tx\n"
             "chair/deep/model.obj\tseat\t\tg2\tCC-BY\tBob\t\tx\n"
             "chair/none.obj\tseat\ttrain\tg3\tCC0\t\t\tx\n");
  const BuildReport report = build_dataset(small(folder / "meshes", folder / "out"));
  REQUIRE(report.taxonomy.size() == 1);
  CHECK(report.taxonomy[0].taxonomy_id == "seat");
  CHECK(report.taxonomy[0].test == std::vector<std::string>{"a"});
  CHECK(report.taxonomy[0].train == std::vector<std::string>{"deep-model"});
  REQUIRE(report.skipped.size() == 1);
  CHECK(says(report.skipped[0].reason, "none.obj"));
  const std::string credits = text_of(folder / "out/credits.tsv");
  CHECK(says(credits, "seat\ta\ttest\tA chair\tAnn\tCC0\t\n"));
  CHECK(says(credits, "seat\tdeep-model\ttrain\tmodel\tBob\tCC-BY\t\n"));

  const auto refused = [&](const std::string& manifest, const std::string& reason) {
    write_text(folder / "meshes/manifest.tsv", manifest);
    CHECK(says(error_of<DataError>([&] { list_mesh_sources(folder / "meshes"); }), reason));
  };
  refused("path\tclass\n", "'category'");
  refused("file\tcategory\n../x.obj\tchair\n", "line 2");
  refused("file\tcategory\n/x.obj\tchair\n", "line 2");
  refused("file\tcategory\nx.obj\n", "1 columns");
  refused("file\tcategory\tsplit\nx.obj\tchair\tdev\n", "'dev'");
  refused("file\tcategory\n", "no mesh");
}

TEST_CASE("near-duplicates are found in any quarter turn, and through others") {
  const auto bar = [](int x0, int z0, int dx, int dz) {
    VoxelGrid grid(16);
    for (int x = x0; x < x0 + dx; ++x) {
      for (int y = 0; y < 10; ++y) {
        for (int z = z0; z < z0 + dz; ++z) grid.at(x, y, z) = 1;
      }
    }
    return RotatedShape(grid);
  };
  const RotatedShape first = bar(1, 2, 3, 10), turned = bar(2, 12, 10, 3);
  CHECK(first.best_iou(first, 0.9) == 1);
  CHECK(first.best_iou(turned, 0.9) == 1);  // (x, z) -> (z, 15 - x)
  CHECK(first.best_iou(bar(1, 3, 3, 10), 0.5) == doctest::Approx(9.0 / 11));
  CHECK(first.best_iou(bar(1, 2, 3, 8), 0.9) == 0);  // by the counts alone

  const RotatedShape base = bar(0, 0, 2, 14), more = bar(0, 0, 2, 15), most = bar(0, 0, 2, 16);
  CHECK(base.best_iou(most, 0.5) < 0.9);
  CHECK(near_duplicate_groups({base, first, most, more, turned}, {"", "", "", "", ""}) ==
        std::vector<std::uint32_t>{0, 1, 0, 0, 1});
  CHECK(near_duplicate_groups({base, first, bar(5, 5, 5, 5)}, {"", "g", "g"}) ==
        std::vector<std::uint32_t>{0, 1, 1});
}

TEST_CASE("splits keep groups together, in the wanted proportion, by seed") {
  std::vector<std::uint32_t> groups(200);
  for (std::uint32_t i = 0; i < 200; ++i) groups[i] = i < 20 ? 0 : i / 3 * 3;
  const auto splits = assign_splits(groups, 7, 1);
  std::map<std::string, int> count;
  for (std::size_t i = 0; i < 200; ++i) {
    ++count[splits[i]];
    CHECK(splits[i] == splits[std::find(groups.begin(), groups.end(), groups[i]) - groups.begin()]);
  }
  CHECK(std::abs(count["train"] - 160) <= 12);
  CHECK(std::abs(count["val"] - 20) <= 12);
  CHECK(std::abs(count["test"] - 20) <= 12);
  CHECK(assign_splits(groups, 7, 1) == splits);
  CHECK(assign_splits(groups, 8, 1) != splits);
  CHECK(assign_splits({0}, 1, 1) == std::vector<std::string>{"train"});
  const auto few = assign_splits({0, 1, 2, 3, 4}, 1, 1);
  CHECK(std::count(few.begin(), few.end(), "train") == 4);
  CHECK(std::count(few.begin(), few.end(), "test") == 1);
}

TEST_CASE("names of furniture tell the class") {
  const auto is = [](const char* name, const char* expected) {
    CAPTURE(name);
    CHECK(furniture_class("Living room", name).value_or("none") == expected);
  };
  is("Rattan armchair", "chair");
  is("Piano bench", "bench");
  is("Convertible sofa BZ", "sofa");
  is("Desk lamp", "lamp");
  is("Wooden desk", "table");
  is("Sink cabinet", "cabinet");
  is("Captain's bed", "bed");
  is("TV 16:9", "display");
  is("TV stand", "none");
  is("Table fan", "none");
  is("Air mattress", "none");
  is("Chairman", "none");  // whole words only
  CHECK_FALSE(furniture_class("Doors and windows", "Chair door").has_value());
}

TEST_CASE("a build that cannot be done says why and leaves nothing that looks finished") {
  const TemporaryFolder folder;
  write_meshes(folder / "meshes");
  BuildOptions options = small(folder / "none", folder / "out");
  CHECK(says(error_of<DataError>([&] { build_dataset(options); }), "no such file or folder"));
  options.meshes = folder / "meshes";
  options.views = 0;
  CHECK(says(error_of<ConfigError>([&] { build_dataset(options); }), "views 0"));
  options.views = 1;
  options.resolution = 257;
  CHECK(says(error_of<ConfigError>([&] { build_dataset(options); }), "resolution 257"));
  options.resolution = 1;
  CHECK(says(error_of<ConfigError>([&] { build_dataset(options); }), "resolution 1 "));
  options.resolution = 8;
  options.image_size = 15;
  CHECK(says(error_of<ConfigError>([&] { build_dataset(options); }), "image size 15"));
  options.image_size = 16;
  write_text(folder / "full" / "thesis.txt", "do not touch");
  options.out = folder / "full";
  CHECK(says(error_of<Error>([&] { build_dataset(options); }), "other files"));

  // A data set from elsewhere, with splits that a build would take away.
  write_text(folder / "shapenet" / "dataset.json", "[]");
  std::filesystem::create_directory(folder / "shapenet" / "ShapeNetRendering");
  options.out = folder / "shapenet";
  CHECK(says(error_of<Error>([&] { build_dataset(options); }), "not built by this program"));
  CHECK(std::filesystem::exists(folder / "shapenet" / "dataset.json"));

  write_text(folder / "bad" / "chair" / "a.obj", "nothing");
  options = small(folder / "bad", folder / "out");
  CHECK(says(error_of<DataError>([&] { build_dataset(options); }), "a.obj"));

  // A build that stops half way takes the mark of the finished one away.
  options = small(folder / "meshes", folder / "out");
  options.overwrite = true;  // of the one that failed
  build_dataset(options);
  CHECK(std::filesystem::exists(folder / "out/dataset.json"));
  const BuildProgress stop = [](int, int, const std::string&) { throw Error("stopped"); };
  CHECK(error_of<Error>([&] { build_dataset(options, stop); }) == "stopped");
  CHECK_FALSE(std::filesystem::exists(folder / "out/dataset.json"));
}

TEST_CASE("a build that is interrupted continues where it stopped, to the same bytes") {
  const TemporaryFolder folder;
  write_meshes(folder / "meshes");
  BuildOptions options = small(folder / "meshes", folder / "whole");
  build_dataset(options);
  std::atomic<bool> stop = false;
  options.out = folder / "out";
  options.stop = &stop;
  options.threads = 1;
  const BuildReport first = build_dataset(options, [&](int done, int, auto&) { stop = done == 2; });
  CHECK(first.interrupted);
  CHECK(first.objects == 2);
  CHECK_FALSE(std::filesystem::exists(folder / "out/dataset.json"));
  stop = false;
  CHECK(says(error_of<ConfigError>([&] { build_dataset(options); }), "--resume"));
  options.resume = true;
  BuildOptions other = options;
  other.views = 7;
  CHECK(says(error_of<ConfigError>([&] { build_dataset(other); }), "views 3"));
  // A torn last line, and an object whose volume is gone: it is built again.
  std::ofstream(folder / "out/unfinished.tsv", std::ios::app) << "table\tt-";
  std::filesystem::remove(folder / "out/ShapeNetVox8/chair/a/model.binvox");
  const auto kept_volume = folder / "out/ShapeNetVox8/chair/deep-model/model.binvox";
  const auto before = std::filesystem::last_write_time(kept_volume);
  const BuildReport second = build_dataset(options);
  CHECK_FALSE(second.interrupted);
  CHECK(second.objects == 3);
  CHECK(second.kept == 1);
  CHECK(std::filesystem::last_write_time(kept_volume) == before);
  CHECK(contents(folder / "out") == contents(folder / "whole"));
  CHECK(says(error_of<ConfigError>([&] { build_dataset(options); }), "nothing to resume"));
}

TEST_CASE("names: every script is kept, and two categories never become one") {
  const TemporaryFolder folder;
  const auto add = [&](const std::string& file) { write_text(folder / file, obj_text(angle(3))); };
  add("m/椅子/a.obj");
  add("m/桌子/a.obj");
  add("m/dining table/b c.obj");
  add("m/dining table/b-c.obj");
  MeshSources sources = list_mesh_sources(folder / "m");
  std::set<std::string> categories;
  for (const MeshSource& source : sources.objects) categories.insert(source.category);
  CHECK(categories == std::set<std::string>{"dining-table", "椅子", "桌子"});
  CHECK(sources.objects[1].id == "b-c-2");
  REQUIRE(sources.renamed.size() == 2);
  CHECK(says(sources.renamed[0], "'dining table' is dining-table"));
  CHECK(says(sources.renamed[1], "dining-table/b-c-2"));
  add("m/dining-table/a.obj");
  const std::string message = error_of<DataError>([&] { list_mesh_sources(folder / "m"); });
  CHECK(says(message, "'dining table'"));
  CHECK(says(message, "'dining-table'"));
  CHECK(plain_name("a\xff\xc0\x80/b") == "a----b");
  CHECK(plain_name(".x") == "-x");
  const std::string wide = plain_name(std::string(198, 'a') + "椅子");
  CHECK(wide == std::string(198, 'a'));
}

TEST_CASE("links are followed once; loops, broken links and hidden files are passed over by name") {
  namespace fs = std::filesystem;
  const TemporaryFolder folder;
  const auto add = [&](const std::string& file) { write_text(folder / file, obj_text(angle(3))); };
  add("elsewhere/b.obj");
  add("m/chair/a.obj");
  add("m/chair/._a.obj");
  add("m/.git/c.obj");
  fs::create_directory_symlink(folder / "elsewhere", folder / "m/bench");
  fs::create_directory_symlink(folder / "m/chair", folder / "m/armchair");
  fs::create_directory_symlink(folder / "m", folder / "m/chair/up");
  fs::create_symlink("self", folder / "m/self");
  fs::create_symlink("nowhere", folder / "m/gone.obj");
  const MeshSources sources = list_mesh_sources(folder / "m");
  std::vector<std::string> names;
  for (const MeshSource& source : sources.objects) names.push_back(source.name);
  CHECK(names == std::vector<std::string>{"bench/b.obj", "chair/a.obj"});
  std::map<std::string, std::string> passed_over;
  for (const PassedOver& item : sources.passed_over) passed_over[item.name] = item.reason;
  CHECK(passed_over.size() == 4);
  CHECK(says(passed_over["armchair"], "there already"));
  CHECK(says(passed_over["chair/up"], "there already"));
  CHECK(passed_over.contains("self"));
  CHECK(passed_over.contains("gone.obj"));
}

TEST_CASE("folders train and test give the split; one category too deep is noted") {
  const TemporaryFolder folder;
  const auto add = [&](const std::string& file) { write_text(folder / file, obj_text(angle(3))); };
  const auto split_of = [](const MeshSources& sources) {
    std::map<std::string, std::string> splits;
    for (const MeshSource& s : sources.objects) splits[s.category + "/" + s.id] = s.split;
    return splits;
  };
  using Splits = std::map<std::string, std::string>;
  add("modelnet/chair/train/chair_0001.obj");
  add("modelnet/chair/test/chair_0002.obj");
  add("modelnet/bed/train/bed_0001.obj");
  const Splits expected{
      {"bed/bed_0001", "train"}, {"chair/chair_0001", "train"}, {"chair/chair_0002", "test"}};
  MeshSources sources = list_mesh_sources(folder / "modelnet");
  CHECK(split_of(sources) == expected);
  CHECK(sources.notes.size() == 1);
  add("above/train/chair/chair_0001.obj");
  add("above/test/chair/chair_0002.obj");
  add("above/train/bed/bed_0001.obj");
  add("above/Validation/bed/bed_0002.obj");
  Splits with_validation = expected;
  with_validation["bed/bed_0002"] = "val";
  CHECK(split_of(list_mesh_sources(folder / "above")) == with_validation);
  // A folder may be called so for other reasons.
  add("modelnet/bed/other/bed_0003.obj");
  CHECK(split_of(list_mesh_sources(folder / "modelnet"))["bed/train-bed_0001"].empty());
  add("deep/ShapeNetCore.v2/02691156/1a04/models/model.obj");
  add("deep/ShapeNetCore.v2/03001627/1006/models/model.obj");
  sources = list_mesh_sources(folder / "deep");
  REQUIRE(sources.notes.size() == 1);
  CHECK(says(sources.notes[0], "deep/ShapeNetCore.v2"));
}

TEST_CASE("manifests of other programs are read; a file may have one row only") {
  const TemporaryFolder folder;
  write_text(folder / "chair/a.obj", obj_text(angle(3)));
  const auto list = [&](const std::string& text) {
    write_text(folder / "manifest.tsv", text);
    return list_mesh_sources(folder.path()).objects;
  };
  const auto objects = list(
      "\xef\xbb\xbf"
      "file\tcategory\r\nchair\\a.obj\tseat\r\n\r\n");
  REQUIRE(objects.size() == 1);
  CHECK(objects[0].name == "chair/a.obj");
  CHECK(objects[0].load().triangles.size() == 24);
  CHECK(list("file\tcategory\rchair/a.obj\tseat\r").size() == 1);
  CHECK(says(error_of<DataError>([&] {
               list("file\tcategory\tsplit\nchair/a.obj\tx\ttrain\n./chair/a.obj\tx\ttest\n");
             }),
             "line 3: it names chair/a.obj, as line 2 does"));
  CHECK(says(error_of<DataError>([&] {
               list(
                   std::string("\xff\xfe"
                               "f\0",
                               4));
             }),
             "UTF-8"));
}

TEST_CASE("a report tells what was renamed, merged, not read, and nearly empty or full") {
  const TemporaryFolder folder;
  write_text(folder / "m/box/a.obj", "mtllib none.mtl\n" + obj_text(box({0, 0, 0}, {1, 1, 1})));
  write_text(folder / "m/box/a.off",
             "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n");
  write_text(folder / "m/box/b.obj", obj_text(box({0, 0, 0}, {2, 2, 2})));
  write_text(folder / "m/box/rod.obj", obj_text(box({0, 0, 0}, {1, 20, 1})));
  BuildOptions options = small(folder / "m", folder / "out");
  options.resolution = 32;
  const BuildReport report = build_dataset(options);
  CHECK(report.meshes == 4);
  CHECK(report.objects == 4);
  CHECK(report.renamed.size() == 1);
  CHECK(report.grouped == 2);
  REQUIRE(report.not_read.size() == 1);
  CHECK(says(report.not_read[0].reason, "none.mtl"));
  CHECK(report.nearly_full == std::vector<std::string>{"box/a.obj", "box/b.obj"});
  CHECK(report.nearly_empty.empty());
}

TEST_CASE("variants come from training objects alone, and nothing else is widened") {
  const TemporaryFolder folder;
  std::string manifest = "file\tcategory\tsplit\n";
  for (const auto& [name, split] : {std::pair{"a", "train"}, {"b", "val"}, {"c", "test"}}) {
    write_text(folder / "meshes" / (name + std::string(".obj")),
               obj_text(angle(2 + (name[0] - 'a'))));
    manifest += std::string(name) + ".obj\tchair\t" + split + "\n";
  }
  write_text(folder / "meshes/manifest.tsv", manifest);
  build_dataset(small(folder / "meshes", folder / "plain"));
  BuildOptions options = small(folder / "meshes", folder / "wide");
  options.widening.variants = 2;
  options.widening.stretch = 0.8;
  options.widening.mirror = true;
  options.widening.light = options.widening.materials = options.widening.recolor = 1;
  options.widening.elevation = {-10, 60};
  const BuildReport report = build_dataset(options);
  CHECK(report.objects == 5);
  CHECK(report.variants == 2);
  REQUIRE(report.taxonomy.size() == 1);
  CHECK(report.taxonomy[0].train == std::vector<std::string>{"a", "a+v1", "a+v2"});
  CHECK(report.taxonomy[0].val == std::vector<std::string>{"b"});

  const auto plain = contents(folder / "plain"), wide = contents(folder / "wide");
  const std::string views = "ShapeNetRendering/chair/";
  for (const char* id : {"b", "c"})
    for (int view = 0; view < 3; ++view) {
      const std::string file = views + id + "/rendering/0" + std::to_string(view) + ".png";
      REQUIRE(plain.contains(file));
      CHECK(wide.at(file) == plain.at(file));
    }
  CHECK(wide.at(views + "a/rendering/00.png") != plain.at(views + "a/rendering/00.png"));
  const std::string volume = "ShapeNetVox8/chair/";
  CHECK(wide.at(volume + "a/model.binvox") == plain.at(volume + "a/model.binvox"));
  CHECK(wide.at(volume + "a+v1/model.binvox") != plain.at(volume + "a/model.binvox"));
  CHECK(says(wide.at("credits.tsv"), "chair\ta+v2\ttrain\t"));

  options.out = folder / "again";
  build_dataset(options);
  CHECK(contents(folder / "again") == wide);
  ShapeNetOptions reading;
  reading.root = folder / "wide";
  CHECK(ShapeNetDataset(reading).size() == 3);
}

TEST_CASE("objects whose splits the builder deals are widened where they are dealt to train") {
  const TemporaryFolder folder;
  for (int i = 0; i < 12; ++i)
    write_text(folder / "meshes/chair" / (std::to_string(i) + ".obj"),
               obj_text(angle(1.5 + 0.6 * i)));
  build_dataset(small(folder / "meshes", folder / "plain"));
  BuildOptions options = small(folder / "meshes", folder / "wide");
  options.widening.recolor = 1;
  const BuildReport report = build_dataset(options);
  CHECK(report.variants == 0);
  const auto plain = contents(folder / "plain"), wide = contents(folder / "wide");
  CHECK(plain.at("dataset.json") == wide.at("dataset.json"));
  int held_out = 0;
  for (const Category& category : report.taxonomy)
    for (const std::string& id : all_ids(category)) {
      const std::string file = "ShapeNetRendering/chair/" + id + "/rendering/00.png";
      const bool train = std::ranges::count(category.train, id) > 0;
      held_out += !train;
      CAPTURE(id);
      CHECK((wide.at(file) == plain.at(file)) == !train);
    }
  CHECK(held_out > 0);
}

TEST_CASE("variants that are near-duplicates of held-out objects are left out") {
  const TemporaryFolder folder;
  write_text(folder / "meshes/a.obj", obj_text(angle(3)));
  write_text(folder / "meshes/b.obj", obj_text(angle(3)));
  write_text(folder / "meshes/manifest.tsv",
             "file\tcategory\tsplit\na.obj\tchair\ttrain\nb.obj\tchair\tval\n");
  BuildOptions options = small(folder / "meshes", folder / "out");
  options.widening.variants = 3;
  options.widening.stretch = 0.001;  // all but copies
  const BuildReport report = build_dataset(options);
  CHECK(report.near_held_out == 3);
  CHECK(report.variants == 0);
  CHECK(report.taxonomy[0].train == std::vector<std::string>{"a"});
  CHECK_FALSE(std::filesystem::exists(folder / "out/ShapeNetRendering/chair/a+v1"));
}
