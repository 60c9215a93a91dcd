#include "voxels/voxelize/thin_parts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "voxels/voxelize/fine_lattice.h"
#include "voxels/voxelize/simple_point.h"

namespace voxgrad {
namespace {

constexpr int lines_per_side = 4;  // of the square of lines that run through a cell along an axis
// Where a part lies exactly between two cells, the outer one gets it, and in the middle of the grid
// (many objects are symmetric) the lower one: rounding must not choose for each line anew. For the
// same reason the lines lie a little nearer to the outer end of a cell than to the inner.
constexpr float tie_break = 1e-3f;
constexpr float first_line = 0.7517f;  // in spacings of the lines
// A part that straddles two cells goes to the one that clearly more lines met.
constexpr float share_of_best_neighbour = 0.7f;
constexpr int max_lines = lines_per_side * lines_per_side;

// Voxels of `inside` that belong to a full 2x2x2 block of it: those of parts that are not thin.
std::vector<std::uint8_t> bulk_of(const std::vector<std::uint8_t>& inside, int n) {
  std::vector<std::uint8_t> bulk(inside.size(), 0);
  const auto index = [n](int x, int y, int z) { return (std::size_t(x) * n + y) * n + z; };
  for (int x = 0; x + 1 < n; ++x) {
    for (int y = 0; y + 1 < n; ++y) {
      for (int z = 0; z + 1 < n; ++z) {
        std::array<std::size_t, 8> block;
        bool full = true;
        for (int i = 0; i < 8; ++i) {
          block[i] = index(x + (i & 1), y + (i >> 1 & 1), z + (i >> 2));
          full = full && inside[block[i]];
        }
        if (!full) continue;
        for (const std::size_t voxel : block) bulk[voxel] = 1;
      }
    }
  }
  return bulk;
}

// Along one axis, for each cell: how many lines met the surface there, how many of those met a part
// that is thin, and how many met one that no voxel of `inside` is near enough to stand for.
struct Counts {
  std::vector<std::uint8_t> met, thin, missed;
  explicit Counts(std::size_t n) : met(n, 0), thin(n, 0), missed(n, 0) {}
};

// What all axes together say about each cell.
struct Candidates {
  std::vector<std::uint8_t> strong;  // 1: stays
  std::vector<std::uint8_t> met;     // of a thin part; 0: no candidate
};

class ThinPartFinder {
 public:
  ThinPartFinder(const RayScene& scene, const std::vector<std::uint8_t>& inside, int n)
      : scene_(scene), inside_(inside), bulk_(bulk_of(inside, n)), n_(n), lattice_(n) {}

  std::array<Counts, 3> count() const {
    std::array<Counts, 3> counts{Counts(inside_.size()), Counts(inside_.size()),
                                 Counts(inside_.size())};
#pragma omp parallel
    {
      std::vector<RayScene::Crossing> found;
#pragma omp for schedule(dynamic, 8) collapse(2)
      for (int axis = 0; axis < 3; ++axis) {
        for (int column = 0; column < n_ * n_; ++column) {
          for (int line = 0; line < max_lines; ++line) {
            count_line(axis, column, line, found, counts[axis]);
          }
        }
      }
    }
    return counts;
  }

  /// Adds what the lines along one axis found. A cell that misses surface is a strong candidate if
  /// none of its neighbours across the axis was met by clearly more lines.
  void judge(int axis, const Counts& counts, Candidates& candidates) const {
    const std::size_t u = stride((axis + 1) % 3), v = stride((axis + 2) % 3);
    for (int column = 0; column < n_ * n_; ++column) {
      const int iu = column / n_, iv = column % n_;
      for (int along = 0; along < n_; ++along) {
        const std::size_t cell = iu * u + iv * v + along * stride(axis);
        if (inside_[cell] || counts.thin[cell] == 0) continue;
        candidates.met[cell] = std::max(candidates.met[cell], counts.met[cell]);
        if (counts.missed[cell] == 0 || 4 * counts.missed[cell] < counts.met[cell]) continue;
        int best = 0;
        for (int du = -1; du <= 1; ++du) {
          for (int dv = -1; dv <= 1; ++dv) {
            if (!within(iu + du) || !within(iv + dv)) continue;
            const std::size_t other = (iu + du) * u + (iv + dv) * v + along * stride(axis);
            best = std::max<int>(best, counts.met[other]);
          }
        }
        if (float(counts.met[cell]) > share_of_best_neighbour * float(best)) {
          candidates.strong[cell] = 1;
        }
      }
    }
  }

 private:
  std::size_t stride(int axis) const {
    return axis == 0 ? std::size_t(n_) * n_ : axis == 1 ? std::size_t(n_) : 1;
  }
  bool within(int i) const {
    return i >= 0 && i < n_;
  }

  // Is one of the eight voxels set whose centres are the corners of the unit cube around p? Of a
  // surface that is flat on this scale, with a solid beneath it, at least one always is inside.
  bool any_around(const Vec3f& p, const std::vector<std::uint8_t>& voxels) const {
    int low[3];
    for (int axis = 0; axis < 3; ++axis) low[axis] = int(std::floor(p[axis] - 0.5f));
    for (int corner = 0; corner < 8; ++corner) {
      const int x = low[0] + (corner & 1), y = low[1] + (corner >> 1 & 1),
                z = low[2] + (corner >> 2);
      if (within(x) && within(y) && within(z) && voxels[(std::size_t(x) * n_ + y) * n_ + z]) {
        return true;
      }
    }
    return false;
  }

  // Mirrored in the grid's upper half, as symmetric models are, but for the cell at the middle.
  float line_place(int cell, int line) const {
    const float place = (float(line) + first_line) / lines_per_side;
    return float(cell) + (2 * cell > n_ ? 1 - place : place);
  }
  float untied(float place) const {
    return place + (place > float(n_) / 2 + 2 * tie_break ? tie_break : -tie_break);
  }
  // The lower of the two centres between which a place lies.
  float gap_at(float place, int axis) const {
    return float(std::floor(lattice_.among_centres(place, axis) - 0.5));
  }

  // Crossings between the centres of two neighbouring cells count as one, in the cell of their
  // middle: the two faces of a thin board must not mark two cells.
  void count_line(int axis, int column, int line, std::vector<RayScene::Crossing>& found,
                  Counts& counts) const {
    const int across = (axis + 1) % 3, over = (axis + 2) % 3;
    Vec3f origin, direction{};
    origin[axis] = -1;
    const int corner[] = {column / n_, column % n_};
    const int place[] = {line / lines_per_side, line % lines_per_side};
    origin[across] = line_place(corner[0], place[0]);
    origin[over] = line_place(corner[1], place[1]);
    direction[axis] = 1;
    scene_.crossings(origin, direction, found);
    const std::size_t base = (column / n_) * stride(across) + (column % n_) * stride(over);
    const auto inside_at = [&](int along) {
      return within(along) && inside_[base + along * stride(axis)];
    };
    // Between two crossings most centres are inside: the surface bounds something thick.
    const auto solid_between = [&](float from, float to) {
      const int begin = std::max(int(std::ceil(from - 0.5f)), 0);
      const int end = std::min(int(std::ceil(to - 0.5f)), n_);
      int count = 0;
      for (int along = begin; along < end; ++along) count += inside_at(along);
      return 2 * count > end - begin;
    };
    std::size_t i = 0;
    float previous = 0;  // the crossing before the gap
    while (i < found.size()) {
      const float gap = gap_at(found[i].distance - 1, axis);
      float last = 0;
      const float first = found[i].distance - 1;
      bool thin = false, missed = false;
      for (; i < found.size() && gap_at(found[i].distance - 1, axis) == gap; ++i) {
        Vec3f point = origin;
        point[axis] = found[i].distance - 1;
        last = point[axis];
        thin = thin || !any_around(point, bulk_);
        missed = missed || !any_around(point, inside_);
      }
      const float next = i < found.size() ? found[i].distance - 1 : float(n_);
      thin = thin && !inside_at(int(gap)) && !inside_at(int(gap) + 1) &&
             !solid_between(previous, first) && !solid_between(last, next);
      previous = last;
      const int along = std::clamp(int(std::floor(untied((first + last) / 2))), 0, n_ - 1);
      const std::size_t cell = base + along * stride(axis);
      // Two gaps may share a cell, so that a count may pass max_lines; it stays far below 256.
      ++counts.met[cell];
      counts.thin[cell] = std::uint8_t(counts.thin[cell] + thin);
      counts.missed[cell] = std::uint8_t(counts.missed[cell] + (thin && missed));
    }
  }

  const RayScene& scene_;
  const std::vector<std::uint8_t>& inside_;
  std::vector<std::uint8_t> bulk_;
  int n_;
  FineLattice lattice_;
};

}  // namespace

std::vector<std::uint8_t> thin_part_voxels(const RayScene& scene,
                                           const std::vector<std::uint8_t>& inside, int n) {
  const ThinPartFinder finder(scene, inside, n);
  Candidates candidates{std::vector<std::uint8_t>(inside.size(), 0),
                        std::vector<std::uint8_t>(inside.size(), 0)};
  const std::array<Counts, 3> counts = finder.count();
  for (int axis = 0; axis < 3; ++axis) finder.judge(axis, counts[axis], candidates);

  std::vector<std::uint8_t> occupied(inside.size());
  std::vector<std::size_t> weak;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    occupied[i] = inside[i] || candidates.met[i] > 0;
    if (candidates.met[i] > 0 && !candidates.strong[i]) weak.push_back(i);
  }
  // The weak cells thicken what the others show, but some of them hold it together.
  std::stable_sort(weak.begin(), weak.end(), [&](std::size_t a, std::size_t b) {
    return candidates.met[a] < candidates.met[b];
  });
  for (std::size_t left = weak.size() + 1; weak.size() < left;) {
    left = weak.size();
    std::erase_if(weak, [&](std::size_t i) {
      const bool simple = is_simple_voxel(occupied, n, i);
      if (simple) occupied[i] = 0;
      return simple;
    });
  }
  for (std::size_t i = 0; i < inside.size(); ++i) occupied[i] = occupied[i] && !inside[i];
  return occupied;
}

}  // namespace voxgrad
