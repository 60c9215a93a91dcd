#include <doctest/doctest.h>

#include "datasets/shapenet/taxonomy.h"
#include "tensor/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_tree.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

std::string refusal(const std::string& json) {
  return error_of<DataError>([&] { parse_taxonomy(json, "sets.json"); });
}

std::string category(const std::string& fields) {
  return R"([{"taxonomy_id": "1", "taxonomy_name": "chair")" + fields + "}]";
}

}  // namespace

TEST_CASE("a taxonomy of the published form is read") {
  const Taxonomy taxonomy = parse_taxonomy(
      R"([{"taxonomy_id": "03001627", "taxonomy_name": "chair", "baseline": {"1-view": 0.466},
           "train": ["a", "b"], "test": ["c"]},
          {"taxonomy_id": "04379243", "taxonomy_name": "table", "val": ["a"]}])",
      "sets.json");
  REQUIRE(taxonomy.size() == 2);
  CHECK(taxonomy[0].taxonomy_id == "03001627");
  CHECK(taxonomy[0].taxonomy_name == "chair");
  CHECK(taxonomy[0].objects("train") == std::vector<std::string>{"a", "b"});
  CHECK(taxonomy[0].objects("val").empty());
  CHECK(taxonomy[0].objects("test") == std::vector<std::string>{"c"});
  CHECK(taxonomy[1].objects("val") == std::vector<std::string>{"a"});
  CHECK(says(error_of<ConfigError>([&] { taxonomy[0].objects("trian"); }), "trian"));
}

TEST_CASE("a written taxonomy is read back") {
  const TemporaryFolder folder;
  const Taxonomy taxonomy{{"1", "chair \"x\" \xc3\xa4", {"a", "b"}, {}, {"c"}},
                          {"2", "t", {}, {"a"}, {}}};
  write_taxonomy(taxonomy, folder / "dataset.json");
  const Taxonomy read = read_taxonomy(folder / "dataset.json");
  REQUIRE(read.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(read[i].taxonomy_id == taxonomy[i].taxonomy_id);
    CHECK(read[i].taxonomy_name == taxonomy[i].taxonomy_name);
    CHECK(read[i].train == taxonomy[i].train);
    CHECK(read[i].val == taxonomy[i].val);
    CHECK(read[i].test == taxonomy[i].test);
  }
}

TEST_CASE("ShapeNet's split that the project carries is whole") {
  const Taxonomy taxonomy = read_taxonomy(in_source_tree("datasets/splits/ShapeNet.json"));
  CHECK(taxonomy.size() == 13);
  std::size_t train = 0, val = 0, test = 0;
  for (const Category& entry : taxonomy) {
    train += entry.train.size();
    val += entry.val.size();
    test += entry.test.size();
  }
  CHECK(train == 30643);
  CHECK(val == 4371);
  CHECK(test == 8770);
}

TEST_CASE("hostile and mistaken taxonomies are refused") {
  CHECK(says(refusal(std::string(512000, '[')), "nested deeper"));
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += R"({"a":)";
  CHECK(says(refusal(objects), "nested deeper"));
  CHECK(says(refusal("[{"), "not valid JSON"));
  CHECK(says(refusal(""), "not valid JSON"));
  CHECK(says(refusal("[\"\xff\xfe\"]"), "not valid JSON"));
  CHECK(says(refusal(std::string((64u << 20) + 1, ' ')), "at most"));
  CHECK(says(refusal("{}"), "list of categories"));
  CHECK(says(refusal("[]"), "no category"));
  CHECK(says(refusal("[1]"), "must be an object"));
  CHECK(says(refusal(category(R"(, "train": ["a"], "train": ["b"])")), "twice"));
  CHECK(says(refusal(category(R"(, "train": ["a", "a"])")), "listed twice"));
  CHECK(says(refusal(category(R"(, "train": ["a"], "test": ["a"])")), "listed twice"));
  CHECK(says(refusal(category(R"(, "trian": ["a"])")), "unknown key \"trian\""));
  CHECK(says(refusal(category(R"(, "train": "a")")), "list of object ids"));
  CHECK(says(refusal(category(R"(, "train": [1])")), "must be text"));
  CHECK(says(refusal(R"([{"taxonomy_name": "chair"}])"), "no taxonomy_id"));
  CHECK(says(refusal(R"([{"taxonomy_id": "1"}, {"taxonomy_id": "1"}])"), "listed twice"));
  for (const std::string id : {"..", ".", "", "a/b", "a\\\\b", "a\\u0000b", "a\\nb"})
    CHECK(says(refusal(category(R"(, "train": [")" + id + "\"]")), "folder"));
  CHECK(says(refusal(category(R"(, "train": [")" + std::string(256, 'a') + "\"]")), "folder"));
  CHECK(says(error_of<DataError>([] { read_taxonomy("/nowhere/dataset.json"); }), "/nowhere"));
}
