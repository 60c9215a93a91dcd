#include "datasets/shapenet/taxonomy.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "io/file.h"
#include "io/json_guard.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

using Json = nlohmann::json;

constexpr std::size_t max_bytes = std::size_t{64} << 20;
constexpr int max_depth = 8;
constexpr std::size_t max_id_length = 255;

bool is_plain_name(const std::string& id) {
  return !id.empty() && id.size() <= max_id_length && id != "." && id != ".." &&
         std::ranges::none_of(
             id, [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '/' || c == '\\'; });
}

void check_id(const std::string& id, const std::string& name, const char* what) {
  check<DataError>(is_plain_name(id), name, ": ", what, " ", Json(id.substr(0, max_id_length)),
                   " cannot be the name of a folder: 1 to ", max_id_length,
                   " bytes without slashes, control characters or \"..\"");
}

void check_taxonomy(const Taxonomy& taxonomy, const std::string& name) {
  check<DataError>(!taxonomy.empty(), name, ": the taxonomy has no category");
  std::unordered_set<std::string> categories;
  for (const Category& category : taxonomy) {
    check_id(category.taxonomy_id, name, "taxonomy_id");
    check<DataError>(categories.insert(category.taxonomy_id).second, name, ": category ",
                     category.taxonomy_id, " is listed twice");
    std::unordered_set<std::string> objects;
    for (const auto* split : {&category.train, &category.val, &category.test})
      for (const std::string& id : *split) {
        check_id(id, name, "object id");
        check<DataError>(objects.insert(id).second, name, ": object ", id, " of category ",
                         category.taxonomy_id, " is listed twice");
      }
  }
}

std::string text(const Json& value, const std::string& name, const std::string& key) {
  check<DataError>(value.is_string(), name, ": \"", key, "\" must be text, got ",
                   value.type_name());
  return value.get<std::string>();
}

std::vector<std::string> ids(const Json& value, const std::string& name, const std::string& key) {
  check<DataError>(value.is_array(), name, ": \"", key, "\" must be a list of object ids, got ",
                   value.type_name());
  std::vector<std::string> result;
  result.reserve(value.size());
  for (const Json& id : value) result.push_back(text(id, name, key));
  return result;
}

Category to_category(const Json& object, const std::string& name) {
  check<DataError>(object.is_object(), name, ": a category must be an object, got ",
                   object.type_name());
  Category category;
  for (const auto& [key, value] : object.items()) {
    if (key == "taxonomy_id")
      category.taxonomy_id = text(value, name, key);
    else if (key == "taxonomy_name")
      category.taxonomy_name = text(value, name, key);
    else if (key == "train")
      category.train = ids(value, name, key);
    else if (key == "val")
      category.val = ids(value, name, key);
    else if (key == "test")
      category.test = ids(value, name, key);
    else
      check<DataError>(
          key == "baseline", name, ": unknown key ", Json(key.substr(0, max_id_length)),
          "; a category has taxonomy_id, taxonomy_name, train, val, test and baseline");
  }
  check<DataError>(!category.taxonomy_id.empty(), name, ": a category has no taxonomy_id");
  if (category.taxonomy_name.empty()) category.taxonomy_name = category.taxonomy_id;
  return category;
}

}  // namespace

const std::vector<std::string>& Category::objects(std::string_view split) const {
  if (split == "train") return train;
  if (split == "val") return val;
  check<ConfigError>(split == "test", "[taxonomy] unknown split \"", split,
                     "\"; there are train, val and test");
  return test;
}

Taxonomy parse_taxonomy(std::string_view json, const std::string& name) {
  check<DataError>(json.size() <= max_bytes, name, ": ", json.size(), " bytes; at most ", max_bytes,
                   " are read");
  Json root;
  try {
    root = Json::parse(json, JsonGuard(name, max_depth));
  } catch (const Json::exception& error) {
    fail<DataError>(name, ": not valid JSON: ", error.what());
  }
  check<DataError>(root.is_array(), name, ": a taxonomy must be a list of categories, got ",
                   root.type_name());
  Taxonomy taxonomy;
  for (const Json& category : root) taxonomy.push_back(to_category(category, name));
  check_taxonomy(taxonomy, name);
  return taxonomy;
}

Taxonomy read_taxonomy(const std::filesystem::path& file) {
  std::vector<std::uint8_t> bytes;
  try {
    bytes = read_file(file, max_bytes);
  } catch (const Error& error) {
    fail<DataError>(error.what());
  }
  return parse_taxonomy({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.string());
}

void write_taxonomy(const Taxonomy& taxonomy, const std::filesystem::path& file) {
  check_taxonomy(taxonomy, file.string());
  auto root = nlohmann::ordered_json::array();
  for (const Category& category : taxonomy)
    root.push_back({{"taxonomy_id", category.taxonomy_id},
                    {"taxonomy_name", category.taxonomy_name},
                    {"train", category.train},
                    {"val", category.val},
                    {"test", category.test}});
  const std::string json = root.dump(1) + "\n";
  write_file_atomically(file, {reinterpret_cast<const std::uint8_t*>(json.data()), json.size()});
}

}  // namespace voxgrad
