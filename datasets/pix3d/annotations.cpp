#include "datasets/pix3d/annotations.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "datasets/common/data_errors.h"
#include "io/file.h"
#include "io/json_guard.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

constexpr std::size_t max_bytes = std::size_t{256} << 20;
constexpr int max_depth = 8;

const std::set<std::string, std::less<>> used_keys{
    "img",      "mask",      "model",       "voxel",    "category",
    "img_size", "bbox",      "truncated",   "occluded", "slightly_occluded",
    "rot_mat",  "trans_mat", "focal_length"};

/// Does a path stay below the folder that it is relative to?
bool stays_inside(const std::string& text) {
  if (text.empty() || text.size() > 1024) return false;
  if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == '\\'; }))
    return false;
  const fs::path path(text);
  return path.is_relative() && path.has_filename() &&
         std::ranges::none_of(path, [](const fs::path& part) { return part == ".."; });
}

/// Values of one entry, with messages that name it.
class Fields {
 public:
  Fields(const Json& entry, std::string where) : entry_(entry), where_(std::move(where)) {}

  const std::string& where() const { return where_; }

  const Json& at(const char* key) const {
    const auto found = entry_.find(key);
    check<DataError>(found != entry_.end(), where_, ": \"", key, "\" is missing");
    return *found;
  }
  std::string text(const char* key) const {
    check<DataError>(at(key).is_string(), where_, ": \"", key, "\" must be text");
    return at(key).get<std::string>();
  }
  std::string path(const char* key) const {
    std::string result = text(key);
    check<DataError>(
        stays_inside(result), where_, ": \"", key, "\" is ",
        Json(result.substr(0, 200)).dump(-1, ' ', true, Json::error_handler_t::replace),
        ", no path below the data set's folder");
    return result;
  }
  bool flag(const char* key) const {
    check<DataError>(at(key).is_boolean(), where_, ": \"", key, "\" must be true or false");
    return at(key).get<bool>();
  }
  double number(const char* key) const { return number(at(key), key); }
  template <std::size_t n>
  std::array<double, n> numbers(const char* key) const {
    return numbers<n>(at(key), key);
  }
  std::array<std::array<double, 3>, 3> matrix(const char* key) const {
    const Json& rows = at(key);
    check<DataError>(rows.is_array() && rows.size() == 3, where_, ": \"", key, "\" must be 3x3");
    return {numbers<3>(rows[0], key), numbers<3>(rows[1], key), numbers<3>(rows[2], key)};
  }

 private:
  double number(const Json& value, const char* key) const {
    check<DataError>(value.is_number() && std::isfinite(value.get<double>()), where_, ": \"", key,
                     "\" must be of numbers");
    return value.get<double>();
  }
  template <std::size_t n>
  std::array<double, n> numbers(const Json& list, const char* key) const {
    check<DataError>(list.is_array() && list.size() == n, where_, ": \"", key, "\" must be ", n,
                     " numbers");
    std::array<double, n> result{};
    for (std::size_t i = 0; i < n; ++i) result[i] = number(list[i], key);
    return result;
  }

  const Json& entry_;
  std::string where_;
};

Pix3dEntry to_entry(const Fields& fields) {
  Pix3dEntry entry;
  entry.picture = fields.path("img");
  entry.mask = fields.path("mask");
  entry.model = fields.path("model");
  entry.voxels = fields.path("voxel");
  entry.category = fields.text("category");
  check<DataError>(stays_inside(entry.category) && entry.category.find('/') == std::string::npos,
                   fields.where(), ": \"category\" cannot be the name of a folder");
  entry.size = fields.numbers<2>("img_size");
  entry.box = fields.numbers<4>("bbox");
  entry.truncated = fields.flag("truncated");
  entry.occluded = fields.flag("occluded");
  entry.slightly_occluded = fields.flag("slightly_occluded");
  entry.rotation = fields.matrix("rot_mat");
  entry.translation = fields.numbers<3>("trans_mat");
  entry.focal_length = fields.number("focal_length");
  check<DataError>(entry.size[0] >= 1 && entry.size[1] >= 1, fields.where(), ": \"img_size\" is ",
                   entry.size[0], " x ", entry.size[1]);
  const auto& box = entry.box;
  check<DataError>(box[0] < box[2] && box[1] < box[3] && box[2] > 0 && box[3] > 0 &&
                       box[0] < entry.size[0] && box[1] < entry.size[1],
                   fields.where(), ": \"bbox\" [", box[0], ", ", box[1], ", ", box[2], ", ", box[3],
                   "] (left, top, right, bottom) has no area inside the picture of ", entry.size[0],
                   " x ", entry.size[1]);
  return entry;
}

}  // namespace

std::string Pix3dEntry::id() const {
  return fs::path(picture).stem().string();
}

std::vector<Pix3dEntry> parse_pix3d(std::string_view json, const std::string& name) {
  check<DataError>(json.size() <= max_bytes, name, ": ", json.size(), " bytes; at most ", max_bytes,
                   " are read");
  std::vector<Pix3dEntry> entries;
  std::set<std::pair<std::string, std::string>> ids;
  JsonGuard guard(name, max_depth);
  // An entry is dropped as soon as it has been taken over, and so are keys that are not used.
  const auto take = [&](int depth, Json::parse_event_t event, Json& value) {
    guard(depth, event, value);
    if (depth == 2 && event == Json::parse_event_t::key)
      return used_keys.contains(value.get_ref<const std::string&>());
    if (depth != 1) return true;
    if (event == Json::parse_event_t::object_end) {
      const std::string where = concat(name, ": entry ", entries.size());
      entries.push_back(to_entry(Fields(value, where)));
      const Pix3dEntry& entry = entries.back();
      check<DataError>(ids.insert({entry.category, entry.id()}).second, where, ": the picture ",
                       entry.category, "/", entry.id(), " is listed twice");
      return false;
    }
    check<DataError>(event == Json::parse_event_t::object_start, name, ": entry ", entries.size(),
                     " is no object");
    return true;
  };
  Json root;
  try {
    root = Json::parse(json, take);
  } catch (const Json::exception& error) {
    fail<DataError>(name, ": not valid JSON: ", error.what());
  }
  check<DataError>(root.is_array(), name, ": must be a list with an entry for each picture");
  check<DataError>(!entries.empty(), name, ": lists no picture");
  return entries;
}

std::vector<Pix3dEntry> read_pix3d(const fs::path& file) {
  const std::vector<std::uint8_t> bytes = read_as_data([&] { return read_file(file, max_bytes); });
  return parse_pix3d({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.string());
}

}  // namespace voxgrad
