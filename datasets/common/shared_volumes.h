// Volumes that many objects of a data set share, each made once and kept, a bit per voxel.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "voxels/grid/grid.h"

namespace voxgrad {

/// Safe from several threads.
class SharedVolumes {
 public:
  /// The volume of this name, from `make` (zeros and ones) where it is new.
  VoxelGrid get(const std::string& name, const std::function<VoxelGrid()>& make) const {
    {
      const std::lock_guard lock(mutex_);
      const auto found = kept_.find(name);
      if (found != kept_.end()) return unpacked(*found->second);
    }
    const VoxelGrid made = make();
    auto packed = std::make_shared<Packed>();
    packed->n = made.n;
    packed->translate = made.translate;
    packed->scale = made.scale;
    packed->occupied.reserve(made.values.size());
    for (const float value : made.values) packed->occupied.push_back(value >= 0.5f);
    const std::lock_guard lock(mutex_);
    kept_.emplace(name, std::move(packed));
    return made;
  }

 private:
  struct Packed {
    int n = 0;
    std::array<double, 3> translate{};
    double scale = 1;
    std::vector<bool> occupied;
  };
  static VoxelGrid unpacked(const Packed& packed) {
    VoxelGrid grid(packed.n);
    grid.translate = packed.translate;
    grid.scale = packed.scale;
    for (std::size_t i = 0; i < grid.values.size(); ++i)
      grid.values[i] = packed.occupied[i] ? 1.0f : 0.0f;
    return grid;
  }

  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const Packed>> kept_;
};

}  // namespace voxgrad
