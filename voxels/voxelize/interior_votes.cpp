#include "voxels/voxelize/interior_votes.h"

#include <algorithm>
#include <array>
#include <vector>

namespace voxgrad {
namespace {

constexpr int n_directions = 13;
constexpr int n_half_lines = 2 * n_directions;
constexpr int votes_for_inside = 16;
// Votes between these bounds leave it open: the point is in a shape that is far from closed.
constexpr int min_open_votes = 9, max_open_votes = 22;
using Cell = std::array<int, 3>;

// One of each pair of opposite directions to the 26 neighbours of a cell.
constexpr std::array<Cell, n_directions> directions{{{1, 0, 0},
                                                     {0, 1, 0},
                                                     {0, 0, 1},
                                                     {1, 1, 0},
                                                     {1, -1, 0},
                                                     {1, 0, 1},
                                                     {1, 0, -1},
                                                     {0, 1, 1},
                                                     {0, 1, -1},
                                                     {1, 1, 1},
                                                     {1, 1, -1},
                                                     {1, -1, 1},
                                                     {1, -1, -1}}};

// Rays through exact centres would graze the edges of axis-aligned models.
constexpr Vec3f nudge{1.37e-3f, -2.11e-3f, 2.83e-3f};

struct Crossing {
  float step;
  std::uint32_t part;
};

// All lattice lines of one direction. A line starts at the cell where it enters the grid.
class Lines {
 public:
  Lines(const Cell& direction, int n) : direction_(direction), n_(n), crossings_(3 * n * n) {}

  int count() const { return int(crossings_.size()); }
  std::vector<Crossing>& crossings(int line) { return crossings_[line]; }

  /// How many steps from the line's first cell to this one, and the line's number.
  struct Place {
    int line;
    int steps;
  };
  Place place(const Cell& cell) const {
    int steps = n_;
    for (int axis = 0; axis < 3; ++axis) {
      if (direction_[axis] > 0) steps = std::min(steps, cell[axis]);
      if (direction_[axis] < 0) steps = std::min(steps, n_ - 1 - cell[axis]);
    }
    Cell start;
    for (int axis = 0; axis < 3; ++axis) start[axis] = cell[axis] - steps * direction_[axis];
    return {number(start), steps};
  }
  const std::vector<Crossing>& at(const Place& place) const { return crossings_[place.line]; }

  /// The first cell of a line. False if no line has this number.
  bool start(int line, Cell& cell) const {
    const int face = line / (n_ * n_), rest = line % (n_ * n_);
    if (direction_[face] == 0) return false;
    cell[face] = direction_[face] > 0 ? 0 : n_ - 1;
    cell[(face + 1) % 3] = rest / n_;
    cell[(face + 2) % 3] = rest % n_;
    return number(cell) == line;
  }

 private:
  // A cell in the corner of several entry faces belongs to the first of them.
  int number(const Cell& start) const {
    for (int face = 0; face < 3; ++face) {
      const bool enters = (direction_[face] > 0 && start[face] == 0) ||
                          (direction_[face] < 0 && start[face] == n_ - 1);
      if (enters) return (face * n_ + start[(face + 1) % 3]) * n_ + start[(face + 2) % 3];
    }
    return -1;
  }

  Cell direction_;
  int n_;
  std::vector<std::vector<Crossing>> crossings_;
};

std::vector<Lines> trace(const MeshParts& mesh, const RayScene& scene, int n) {
  std::vector<Lines> bundles;
  bundles.reserve(std::size(directions));
  for (const Cell& direction : directions) bundles.emplace_back(direction, n);
  const int lines_each = bundles[0].count();
#pragma omp parallel
  {
    std::vector<RayScene::Crossing> found;
#pragma omp for schedule(dynamic, 64) collapse(2)
    for (int d = 0; d < n_directions; ++d) {
      for (int line = 0; line < lines_each; ++line) {
        Cell cell;
        if (!bundles[d].start(line, cell)) continue;
        Vec3f origin, step;
        for (int axis = 0; axis < 3; ++axis) {
          step[axis] = float(directions[d][axis]);
          origin[axis] = float(cell[axis]) + 0.5f + nudge[axis] - step[axis];
        }
        scene.crossings(origin, step, found);
        for (const auto& [distance, triangle] : found) {
          bundles[d].crossings(line).push_back({distance - 1, mesh.part[triangle]});
        }
      }
    }
  }
  return bundles;
}

// The votes about one voxel: how many half-lines cross each part, and the whole, an odd number of
// times, and how many meet anything. Only the parts that were met are looked at and reset.
class Tally {
 public:
  explicit Tally(std::uint32_t n_parts) : odd_(n_parts, 0), votes_(n_parts, 0) {}

  void add_half_line(const Crossing* begin, const Crossing* end) {
    if (begin == end) return;
    ++meets_;
    whole_votes_ += int((end - begin) % 2);
    for (const Crossing* c = begin; c != end; ++c) odd_[c->part] ^= 1;
    for (const Crossing* c = begin; c != end; ++c) {
      if (!odd_[c->part]) continue;
      odd_[c->part] = 0;
      if (votes_[c->part]++ == 0) met_.push_back(c->part);
    }
  }

  /// The most votes that one part, or the whole, got; all of them for a closed cavity.
  int votes_then_reset() {
    int most = whole_votes_;
    for (const std::uint32_t part : met_) {
      most = std::max(most, votes_[part]);
      votes_[part] = 0;
    }
    if (meets_ == n_half_lines) most = n_half_lines;
    met_.clear();
    whole_votes_ = meets_ = 0;
    return most;
  }

 private:
  std::vector<std::uint8_t> odd_;
  std::vector<int> votes_;
  std::vector<std::uint32_t> met_;
  int whole_votes_ = 0, meets_ = 0;
};

std::vector<std::uint8_t> count_votes(const MeshParts& mesh, const std::vector<Lines>& bundles,
                                      int n) {
  std::vector<std::uint8_t> votes(std::size_t(n) * n * n, 0);
#pragma omp parallel
  {
    Tally tally(mesh.n_parts);
#pragma omp for schedule(dynamic)
    for (int x = 0; x < n; ++x) {
      std::size_t index = std::size_t(x) * n * n;
      for (int y = 0; y < n; ++y) {
        for (int z = 0; z < n; ++z, ++index) {
          for (const Lines& lines : bundles) {
            const Lines::Place place = lines.place({x, y, z});
            const std::vector<Crossing>& all = lines.at(place);
            const auto here = std::partition_point(
                all.begin(), all.end(), [&](const Crossing& c) { return c.step < place.steps; });
            tally.add_half_line(all.data(), all.data() + (here - all.begin()));
            tally.add_half_line(all.data() + (here - all.begin()), all.data() + all.size());
          }
          votes[index] = std::uint8_t(tally.votes_then_reset());
        }
      }
    }
  }
  return votes;
}

bool is_open(int votes) {
  return votes >= min_open_votes && votes <= max_open_votes;
}

// In a shape that is far from closed 26 half-lines sample the openings coarsely. There the mean of
// the neighbours that are in the same case decides, so that no speckle appears.
bool decide(const std::vector<std::uint8_t>& votes, int n, int x, int y, int z) {
  const auto at = [&](int i, int j, int k) { return int(votes[(std::size_t(i) * n + j) * n + k]); };
  if (!is_open(at(x, y, z))) return at(x, y, z) >= votes_for_inside;
  int sum = 0, count = 0;
  for (int i = std::max(x - 1, 0); i <= std::min(x + 1, n - 1); ++i) {
    for (int j = std::max(y - 1, 0); j <= std::min(y + 1, n - 1); ++j) {
      for (int k = std::max(z - 1, 0); k <= std::min(z + 1, n - 1); ++k) {
        if (!is_open(at(i, j, k))) continue;
        sum += at(i, j, k);
        ++count;
      }
    }
  }
  return sum >= votes_for_inside * count;
}

}  // namespace

std::vector<std::uint8_t> inside_by_votes(const MeshParts& mesh, const RayScene& scene, int n) {
  const std::vector<std::uint8_t> votes = count_votes(mesh, trace(mesh, scene, n), n);
  std::vector<std::uint8_t> inside(votes.size(), 0);
#pragma omp parallel for
  for (int x = 0; x < n; ++x) {
    for (int y = 0; y < n; ++y) {
      for (int z = 0; z < n; ++z) {
        inside[(std::size_t(x) * n + y) * n + z] = decide(votes, n, x, y, z);
      }
    }
  }
  return inside;
}

}  // namespace voxgrad
