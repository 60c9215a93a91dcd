#include "datasets/sheet.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tensor/error.h"
#include "voxels/image/contact_sheet.h"
#include "voxels/render/grid_views.h"
#include "voxels/render/voxel_render.h"

namespace voxgrad {
namespace {

constexpr int cell = 240;  // pixels per side

/// A frame where the box is.
void draw_box(Image& picture, const Box& box) {
  constexpr std::array<std::uint8_t, 3> color{255, 140, 0};
  const auto place = [](double fraction, int count) {
    return std::clamp(int(std::lround(fraction * count)), 0, count - 1);
  };
  const int left = place(box.left, picture.width), right = place(box.right, picture.width);
  const int top = place(box.top, picture.height), bottom = place(box.bottom, picture.height);
  const auto mark = [&](int x, int y) {
    for (int c = 0; c < picture.channels && c < 3; ++c) picture.at(x, y)[c] = color[std::size_t(c)];
    if (picture.channels % 2 == 0) picture.at(x, y)[picture.channels - 1] = 255;
  };
  for (int x = left; x <= right; ++x) mark(x, top), mark(x, bottom);
  for (int y = top; y <= bottom; ++y) mark(left, y), mark(right, y);
}

Image grey_cell() {
  Image picture(cell, cell, 3);
  std::ranges::fill(picture.pixels, std::uint8_t{190});
  return picture;
}

}  // namespace

Image axes_sheet(const Dataset& dataset, int objects, int view) {
  check<ConfigError>(objects >= 1 && objects <= 64, "a sheet shows 1 to 64 objects, not ", objects);
  const std::int64_t count = std::min<std::int64_t>(objects, dataset.size());
  std::vector<Image> pictures;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t object = i * dataset.size() / count;
    const int shown = std::min(view, dataset.view_count(object) - 1);
    Image picture = dataset.view(object, shown);
    const VoxelGrid grid = dataset.volume(object);
    const std::optional<GridCamera> camera = dataset.camera(object, shown);
    const int scale = std::clamp(cell / std::max(picture.width, picture.height), 1, 8);
    pictures.push_back(camera ? draw_over(picture, grid, *camera, scale) : grey_cell());
    if (const std::optional<Box> box = dataset.box(object, shown)) draw_box(picture, *box);
    pictures.insert(pictures.end() - 1, std::move(picture));
    for (const GridSide side : {GridSide::front, GridSide::side, GridSide::top})
      pictures.push_back(draw_side(grid, side, cell));
  }
  return contact_sheet(pictures, {.columns = 5, .cell = cell});
}

Image overview_sheet(const Dataset& dataset, int objects) {
  check<ConfigError>(objects >= 1 && objects <= 16, "a row shows 1 to 16 objects, not ", objects);
  std::map<std::string, std::vector<std::int64_t>> by_category;
  for (std::int64_t i = 0; i < dataset.size(); ++i)
    by_category[dataset.info(i).taxonomy_name].push_back(i);
  constexpr std::size_t max_categories = 16;
  std::vector<Image> pictures;
  for (const auto& [name, members] : by_category) {
    if (pictures.size() >= 2 * std::size_t(objects) * max_categories) break;
    std::vector<Image> volumes;
    for (int i = 0; i < objects; ++i) {
      if (i >= int(members.size())) {
        Image blank(cell, cell, 3);
        std::ranges::fill(blank.pixels, std::uint8_t{255});
        pictures.push_back(blank);
        volumes.push_back(blank);
        continue;
      }
      const std::int64_t object =
          members[std::size_t(i) * members.size() /
                  std::min<std::size_t>(members.size(), std::size_t(objects))];
      pictures.push_back(dataset.view(object, 0));
      volumes.push_back(draw_voxels(dataset.volume(object), {.width = cell, .height = cell}));
    }
    std::ranges::move(volumes, std::back_inserter(pictures));
  }
  return contact_sheet(pictures, {.columns = objects, .cell = cell});
}

}  // namespace voxgrad
