#include "datasets/build/split_groups.h"

#include <algorithm>
#include <array>
#include <map>

#include "tensor/error.h"
#include "tensor/rng.h"
#include "voxels/grid/union_find.h"

namespace voxgrad {
namespace {

constexpr double near_duplicate_iou = 0.9;

}  // namespace

RotatedShape::RotatedShape(const VoxelGrid& grid)
    : turns_(4, BitGrid(grid.values.size())), count_(grid.count()) {
  const int n = grid.n;
  for (int x = 0; x < n; ++x) {
    for (int y = 0; y < n; ++y) {
      for (int z = 0; z < n; ++z) {
        if (grid.at(x, y, z) < 0.5f) continue;
        int a = x, b = z;
        for (BitGrid& turn : turns_) {
          turn.set(grid.index(a, y, b));
          const int rotated = n - 1 - a;
          a = b;
          b = rotated;
        }
      }
    }
  }
}

double RotatedShape::best_iou(const RotatedShape& other, double floor) const {
  const auto [fewer, more] = std::minmax(count_, other.count_);
  if (more == 0 || double(fewer) <= floor * double(more)) return 0;
  double best = 0;
  for (const BitGrid& turn : other.turns_) {
    best = std::max(best, iou_of_counts(count_, other.count_, turns_[0].common(turn)));
  }
  return best;
}

bool are_near_duplicates(const RotatedShape& a, const RotatedShape& b) {
  return a.best_iou(b, near_duplicate_iou) > near_duplicate_iou;
}

std::vector<std::uint32_t> near_duplicate_groups(const std::vector<RotatedShape>& shapes,
                                                 const std::vector<std::string>& named) {
  check(shapes.size() == named.size(), "[split groups] ", shapes.size(), " shapes, ", named.size(),
        " group names");
  UnionFind groups(shapes.size());
  std::map<std::string, std::uint32_t> first;
  for (std::uint32_t i = 0; i < shapes.size(); ++i) {
    if (!named[i].empty()) groups.unite(i, first.try_emplace(named[i], i).first->second);
    for (std::uint32_t j = 0; j < i; ++j) {
      if (groups.find(i) == groups.find(j)) continue;
      if (are_near_duplicates(shapes[i], shapes[j])) groups.unite(i, j);
    }
  }
  std::vector<std::uint32_t> result(shapes.size());
  for (std::uint32_t i = 0; i < shapes.size(); ++i) result[i] = groups.find(i);
  return result;
}

std::vector<std::string> assign_splits(const std::vector<std::uint32_t>& groups, std::uint64_t seed,
                                       std::uint64_t key) {
  std::map<std::uint32_t, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < groups.size(); ++i) members[groups[i]].push_back(i);
  std::vector<const std::vector<std::size_t>*> order;
  order.reserve(members.size());
  for (const auto& [group, list] : members) order.push_back(&list);

  struct Split {
    const char* name;
    double wanted;
    double has = 0;
    double lack() const { return wanted - has; }
  };
  const double n = double(groups.size());
  std::array<Split, 3> splits{{{"train", 0.8 * n}, {"test", 0.1 * n}, {"val", 0.1 * n}}};
  std::vector<std::string> result(groups.size());
  for (const std::int64_t place : Rng(seed, {key}).permutation(std::int64_t(order.size()))) {
    Split& poorest =
        *std::max_element(splits.begin(), splits.end(),
                          [](const Split& a, const Split& b) { return a.lack() < b.lack(); });
    poorest.has += double(order[place]->size());
    for (const std::size_t i : *order[place]) result[i] = poorest.name;
  }
  return result;
}

}  // namespace voxgrad
