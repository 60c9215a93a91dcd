#include "datasets/check/set_notes.h"

#include <algorithm>
#include <map>
#include <optional>

#include "datasets/check/published_counts.h"

namespace voxgrad {
namespace {

constexpr double clearly_better = 0.2;  // of IoU: another orientation of the axes
constexpr std::size_t max_told = 100;   // duplicates

/// Where an object is listed, for messages.
std::string place_of(const ObjectCheck& object) {
  return concat(DatasetReport::split_names[object.split], " of ", object.info.taxonomy_name);
}

/// The same key in different splits: perhaps the same model, in training and in test.
template <class Key>
void note_shared(const std::vector<ObjectCheck>& objects, const char* what, const Key& key_of,
                 std::vector<std::string>& notes) {
  std::map<decltype(key_of(objects.front())), const ObjectCheck*> first;
  std::size_t told = 0;
  for (const ObjectCheck& object : objects) {
    const auto key = key_of(object);
    if (key == decltype(key){}) continue;
    const auto [known, is_new] = first.try_emplace(key, &object);
    if (is_new || known->second->split == object.split || ++told > max_told) continue;
    notes.push_back(concat(what, " ", known->second->info.object_id, " is in ",
                           place_of(*known->second), " and ",
                           known->second->info.object_id == object.info.object_id
                               ? std::string("in ")
                               : concat("as ", object.info.object_id, " in "),
                           place_of(object)));
  }
  if (told > max_told)
    notes.push_back(
        concat("... and ", told - max_told, " more of the kind: ", what, " in two splits"));
}

/// Most things are alike their mirror image from left to right, along z. Categories, and objects
/// unlike their category, that are so along another axis.
void note_odd_axes(const std::vector<ObjectCheck>& objects, std::vector<std::string>& notes) {
  constexpr std::size_t enough = 5;
  constexpr std::array<const char*, 3> axes{"x", "y", "z"};
  std::map<std::string, std::vector<const ObjectCheck*>> categories;
  for (const ObjectCheck& object : objects)
    if (object.found.resolution > 0) categories[object.info.taxonomy_name].push_back(&object);
  for (const auto& [name, members] : categories) {
    if (members.size() < enough) continue;
    std::array<double, 3> mean{};
    for (const ObjectCheck* member : members)
      for (std::size_t a = 0; a < 3; ++a)
        mean[a] += member->found.mirror[a] / double(members.size());
    const auto best = std::size_t(std::ranges::max_element(mean) - mean.begin());
    if (best != 2 && mean[best] > mean[2] + 0.1) {
      notes.push_back(concat("volumes of ", name, " are alike their mirror image along ",
                             axes[best], " (IoU ", int(100 * mean[best]), "%) more than along z (",
                             int(100 * mean[2]), "%), left to right: are axes exchanged?"));
      continue;
    }
    for (const ObjectCheck* member : members) {
      const auto& mirror = member->found.mirror;
      const auto own = std::size_t(std::ranges::max_element(mirror) - mirror.begin());
      if (own != 2 && mean[2] > 0.8 && mirror[own] > mirror[2] + 2 * clearly_better)
        notes.push_back(concat("object ", member->info.object_id, " of ", name,
                               " is alike its mirror image along ", axes[own], " (IoU ",
                               int(100 * mirror[own]), "%), not along z (", int(100 * mirror[2]),
                               "%) like its category: are its axes exchanged?"));
    }
  }
}

void note_counts(const std::string& kind, DatasetReport& report) {
  std::vector<std::string> ids;
  for (const CategoryCount& category : report.categories) ids.push_back(category.taxonomy_id);
  for (const PublishedCount& published : published_counts(kind, ids)) {
    std::array<std::int64_t, 3> listed{};
    for (const CategoryCount& category : report.categories)
      if (published.category == "*" || published.category == category.taxonomy_id)
        for (std::size_t s = 0; s < 3; ++s) listed[s] += category.splits[s].listed;
    const std::array<std::int64_t, 3> expected{published.train, published.val, published.test};
    if (listed != expected)
      report.notes.push_back(concat(published.category == "*" ? "the set" : published.category,
                                    ": ", listed[0], "/", listed[1], "/", listed[2],
                                    " objects in train/val/test; published are ", expected[0], "/",
                                    expected[1], "/", expected[2]));
  }
}

/// Objects with fewer views, pictures of another size or volumes of another side than most.
void note_unusual(const std::vector<ObjectCheck>& objects, DatasetReport& report) {
  std::map<std::int64_t, std::int64_t> views;
  std::map<std::string, std::int64_t> kinds;
  std::optional<int> usual;
  for (const ObjectCheck& object : objects) {
    if (!object.done) continue;
    if (object.found.views > 0) ++views[object.found.views];
    if (!object.found.picture_kind.empty()) ++kinds[object.found.picture_kind];
    const int resolution = object.found.resolution;
    if (resolution == 0) continue;
    if (!usual) usual = resolution;
    if (resolution != *usual)
      report.bad.push_back(
          {object.name(), concat("the volume has ", resolution,
                                 " voxels per side, the first one of the set ", *usual)});
  }
  const auto most = [](const auto& counts) {
    return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
  };
  const auto common_views = most(views);
  const auto common_kind = most(kinds);
  // Photos have all sizes.
  const bool alike = common_kind != kinds.end() && kinds.size() <= 8 &&
                     common_kind->second * 2 > std::int64_t(objects.size());
  for (const ObjectCheck& object : objects) {
    const ObjectFindings& found = object.found;
    if (found.views > 0 && found.views < common_views->first)
      report.notes.push_back(concat("object ", object.name(), " has ", found.views,
                                    " pictures, most have ", common_views->first));
    if (alike && !found.picture_kind.empty() && found.picture_kind != common_kind->first)
      report.notes.push_back(concat("object ", object.name(), " has pictures of ",
                                    found.picture_kind, " (width x height x channels), most are ",
                                    common_kind->first));
  }
}

}  // namespace

void note_whole_set(const std::string& kind, const std::vector<ObjectCheck>& objects,
                    DatasetReport& report) {
  note_unusual(objects, report);
  note_counts(kind, report);
  note_shared(
      objects, "object", [](const ObjectCheck& object) { return object.info.object_id; },
      report.notes);
  // Sets of photos show the same models again and again.
  if (kind != "pix3d" && kind != "pascal3d")
    note_shared(
        objects, "the volume of",
        [](const ObjectCheck& object) { return object.found.volume_hash; }, report.notes);
  note_shared(
      objects, "the first picture of",
      [](const ObjectCheck& object) { return object.found.picture_hash; }, report.notes);
  note_odd_axes(objects, report.notes);
}

}  // namespace voxgrad
