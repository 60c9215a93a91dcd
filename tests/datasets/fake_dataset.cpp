#include "tests/datasets/fake_dataset.h"

#include "tensor/error.h"

namespace voxgrad::testing {

FakeDataset::FakeDataset(int objects, int views, int n_vox) : views_(views), n_vox_(n_vox) {
  for (int i = 0; i < objects; ++i) infos_.push_back({"1", "chair", "id" + std::to_string(i)});
}

Image FakeDataset::view(std::int64_t object, int view) const {
  ++views_read;
  if (before_view) before_view(object);
  Image image(6, 6, 3);
  for (int y = 0; y < 6; ++y)
    for (int x = 0; x < 6; ++x) {
      image.at(x, y)[0] = std::uint8_t(object);
      image.at(x, y)[1] = std::uint8_t(view);
      image.at(x, y)[2] = 7;
    }
  return image;
}

VoxelGrid FakeDataset::volume(std::int64_t object) const {
  ++volumes_read;
  if (before_volume) before_volume(object);
  VoxelGrid grid(n_vox_);
  grid.values[std::size_t(object)] = 1;
  return grid;
}

std::string FakeDataset::view_name(std::int64_t object, int view) const {
  return concat("fake/", object, "/", view, ".png");
}

std::string FakeDataset::volume_name(std::int64_t object) const {
  return concat("fake/", object, ".binvox");
}

}  // namespace voxgrad::testing
