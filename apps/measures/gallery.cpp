#include "apps/measures/gallery.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "io/file.h"
#include "tensor/error.h"
#include "voxels/image/contact_sheet.h"
#include "voxels/render/voxel_render.h"

namespace voxgrad::apps {
namespace {

constexpr int kCell = 256;

using Name = std::pair<std::string, std::string>;  // taxonomy id, object id

Image draw(const BitGrid& bits, int n, const Color& color) {
  VoxelGrid grid(n);
  for (std::size_t i = 0; i < grid.values.size(); ++i) grid.values[i] = bits.at(i) ? 1.0f : 0.0f;
  return draw_voxels(grid, {.width = kCell, .height = kCell, .color = color});
}

/// A file's name of a category's: letters, digits and dashes.
std::string file_name(std::string text) {
  for (char& c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '-';
  return text;
}

struct Choice {
  const char* what;
  const ObjectMeasure* measure;
};

/// Of objects in ascending order.
std::vector<Choice> choices(const std::vector<const ObjectMeasure*>& sorted) {
  std::vector<Choice> result{{"best", sorted.back()}};
  if (sorted.size() > 2) result.push_back({"median", sorted[sorted.size() / 2]});
  if (sorted.size() > 1) result.push_back({"worst", sorted.front()});
  return result;
}

}  // namespace

void write_gallery(const std::filesystem::path& folder, const ObjectMeasures& measures,
                   const Dataset& dataset) {
  std::map<Name, std::int64_t> place;
  for (std::int64_t i = 0; i < dataset.size(); ++i)
    place.emplace(Name(dataset.info(i).taxonomy_id, dataset.info(i).object_id), i);
  std::map<Name, std::vector<const ObjectMeasure*>> categories;  // by name, id
  for (const ObjectMeasure& m : measures.objects()) {
    check(m.predicted && m.truth, "[write_gallery] the shapes were not kept");
    categories[Name(m.object.taxonomy_name, m.object.taxonomy_id)].push_back(&m);
  }
  std::filesystem::create_directories(folder);
  std::string index = "category\twhich\tobject\tiou\n";
  for (auto& [category, objects] : categories) {
    std::ranges::stable_sort(objects, {}, [](const ObjectMeasure* m) { return m->shape_iou; });
    std::vector<Image> pictures;
    for (const auto& [what, m] : choices(objects)) {
      const std::int64_t i = place.at(Name(m->object.taxonomy_id, m->object.object_id));
      const int n = dataset.volume(i).n;
      pictures.push_back(dataset.view(i, 0));
      pictures.push_back(draw(*m->predicted, n, PictureOptions{}.color));
      pictures.push_back(draw(*m->truth, n, {150, 150, 146}));
      index += fmt::format("{}\t{}\t{}\t{:.4f}\n", category.first, what, m->object.object_id,
                           m->shape_iou);
    }
    const auto same_name = [&name = category.first](const auto& other) {
      return other.first.first == name;
    };
    const bool alone = std::ranges::count_if(categories, same_name) == 1;
    const std::string name = alone ? category.first : category.first + "-" + category.second;
    write_png(contact_sheet(pictures, {.columns = 3, .cell = kCell}),
              folder / (file_name(name) + ".png"));
  }
  write_file_atomically(folder / "index.tsv",
                        std::vector<std::uint8_t>(index.begin(), index.end()));
}

}  // namespace voxgrad::apps
