// Sheets that show a data set: which object and view is in which cell, frames, and what is drawn.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "datasets/sheet.h"
#include "tensor/error.h"
#include "tests/datasets/fake_dataset.h"
#include "voxels/image/contact_sheet.h"
#include "voxels/render/grid_views.h"
#include "voxels/render/voxel_render.h"

using namespace voxgrad;
using voxgrad::testing::FakeDataset;

namespace {

constexpr int cell = 240, margin = 12, pitch = cell + margin;
using Rgb = std::array<int, 3>;

/// The colour in the middle of pixel (x,y) of the 6x6 picture in a cell.
Rgb color_at(const Image& sheet, int row, int column, int x = 2, int y = 2) {
  const std::uint8_t* pixel =
      sheet.at(margin + column * pitch + 40 * x + 20, margin + row * pitch + 40 * y + 20);
  return {pixel[0], pixel[1], pixel[2]};
}

/// With a box and a camera for every picture.
class FramedDataset : public FakeDataset {
 public:
  using FakeDataset::FakeDataset;

  std::optional<Box> box(std::int64_t, int) const override { return Box{0.5, 0, 1, 0.8}; }
  std::optional<GridCamera> camera(std::int64_t, int) const override {
    return GridCamera{{{{1, 0, 0, 0}, {0, -1, 0, 1}, {0, 0, 0.1, 1}}}};
  }
};

class TwoCategories : public FakeDataset {
 public:
  TwoCategories() : FakeDataset(4, 1), table_{"2", "table", "id3"} {}
  const ObjectInfo& info(std::int64_t object) const override {
    return object == 3 ? table_ : FakeDataset::info(object);
  }

 private:
  ObjectInfo table_;
};

}  // namespace

TEST_CASE("a sheet of axes shows objects from all over the set, and no view beyond the last") {
  const FakeDataset dataset(5, 3);
  const Image sheet = axes_sheet(dataset, 2, 7);
  CHECK(sheet.width == 5 * pitch + margin);
  CHECK(sheet.height == 2 * pitch + margin);
  CHECK(color_at(sheet, 0, 0) == Rgb{0, 2, 7});
  CHECK(color_at(sheet, 1, 0) == Rgb{2, 2, 7});
  CHECK(color_at(sheet, 0, 1) == Rgb{190, 190, 190});  // the set tells no camera
  CHECK(color_at(axes_sheet(dataset, 9, 1), 4, 0) == Rgb{4, 1, 7});
  CHECK_THROWS_AS(axes_sheet(dataset, 0), ConfigError);
  CHECK_THROWS_AS(axes_sheet(dataset, 65), ConfigError);
  CHECK_NOTHROW(axes_sheet(dataset, 64));
}

TEST_CASE("a row holds the framed picture, the voxels over it, and three sides") {
  const FramedDataset dataset(1, 1);
  const Image picture = dataset.view(0, 0);
  const VoxelGrid grid = dataset.volume(0);
  Image framed = picture;
  const auto mark = [&](int x, int y) {
    std::ranges::copy(std::array<std::uint8_t, 3>{255, 140, 0}, framed.at(x, y));
  };
  for (int x = 3; x < 6; ++x) mark(x, 0), mark(x, 5);
  for (int y = 0; y < 6; ++y) mark(3, y), mark(5, y);
  std::vector<Image> cells{framed, draw_over(picture, grid, *dataset.camera(0, 0), 8)};
  for (const GridSide side : {GridSide::front, GridSide::side, GridSide::top})
    cells.push_back(draw_side(grid, side, cell));
  const Image expected = contact_sheet(cells, {.columns = 5, .cell = cell});
  CHECK(axes_sheet(dataset, 1).pixels == expected.pixels);
}

TEST_CASE("an overview has a row of pictures and one of volumes for each category") {
  const TwoCategories dataset;
  const Image sheet = overview_sheet(dataset, 2);
  CHECK(sheet.width == 2 * pitch + margin);
  CHECK(sheet.height == 4 * pitch + margin);
  CHECK(color_at(sheet, 0, 0) == Rgb{0, 0, 7});
  CHECK(color_at(sheet, 0, 1) == Rgb{1, 0, 7});
  CHECK(color_at(sheet, 2, 0) == Rgb{3, 0, 7});
  CHECK(color_at(sheet, 2, 1) == Rgb{255, 255, 255});  // there is no second table
  CHECK(color_at(sheet, 3, 1) == Rgb{255, 255, 255});
  const auto volume = [&](int object) {
    return draw_voxels(dataset.volume(object), {.width = cell, .height = cell});
  };
  Image blank(cell, cell, 3);
  std::ranges::fill(blank.pixels, std::uint8_t{255});
  const std::vector<Image> cells{dataset.view(0, 0), dataset.view(1, 0),
                                 volume(0),          volume(1),
                                 dataset.view(3, 0), blank,
                                 volume(3),          blank};
  CHECK(sheet.pixels == contact_sheet(cells, {.columns = 2, .cell = cell}).pixels);
  CHECK_THROWS_AS(overview_sheet(dataset, 0), ConfigError);
  CHECK_THROWS_AS(overview_sheet(dataset, 17), ConfigError);
}
