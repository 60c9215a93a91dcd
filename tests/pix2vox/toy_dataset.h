// A data set in memory for training tests: every object is a box, and its pictures show the box's
// size as the size of a dark rectangle, so that there is something to learn.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "datasets/dataset.h"
#include "tensor/rng.h"

namespace voxgrad::testing {

class ToyDataset : public Dataset {
 public:
  ToyDataset(std::int64_t objects, int n_vox, int views = 3, int picture = 24)
      : n_(n_vox), views_(views), picture_(picture) {
    Rng rng(11, {std::uint64_t(objects)});
    const auto side = [&] { return 2 + int(rng.below(std::uint64_t(n_vox - 2))); };
    for (std::int64_t i = 0; i < objects; ++i) {
      const std::string number = std::to_string(i);
      infos_.push_back({std::to_string(i % 2), i % 2 ? "tall" : "flat", "object" + number});
      const int width = side();
      sizes_.emplace_back(width, side());
    }
  }

  std::int64_t size() const override { return std::int64_t(infos_.size()); }
  const ObjectInfo& info(std::int64_t object) const override { return infos_[object]; }
  int view_count(std::int64_t) const override { return views_; }
  std::string view_name(std::int64_t object, int view) const override {
    return infos_[object].object_id + "/" + std::to_string(view);
  }
  std::string volume_name(std::int64_t object) const override { return infos_[object].object_id; }

  Image view(std::int64_t object, int view) const override {
    Image image(picture_, picture_, 4);
    const auto [width, height] = sizes_[object];
    for (int y = 0; y < height * picture_ / n_; ++y) {
      for (int x = 0; x < width * picture_ / n_; ++x) {
        std::uint8_t* pixel = image.at(x, y);
        pixel[0] = pixel[1] = pixel[2] = std::uint8_t(40 + 10 * view);
        pixel[3] = 255;
      }
    }
    return image;
  }

  VoxelGrid volume(std::int64_t object) const override {
    VoxelGrid grid(n_);
    const auto [width, height] = sizes_[object];
    for (int x = 0; x < width; ++x)
      for (int y = 0; y < height; ++y)
        for (int z = 0; z < n_; ++z) grid.at(x, y, z) = 1;
    return grid;
  }

 private:
  int n_, views_, picture_;
  std::vector<ObjectInfo> infos_;
  std::vector<std::pair<int, int>> sizes_;
};

}  // namespace voxgrad::testing
