#include "voxels/mesh/polygon.h"

#include <algorithm>
#include <cmath>

#include "tensor/error.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

// Comparisons of a corner with a triangle in one file: some seconds.
constexpr std::uint64_t max_work = 1'000'000'000;

// Numbers as sums of doubles that do not overlap, smallest first: adding one rounds nothing away.
class ExactSum {
 public:
  void add_product(double a, double b) {
    const double product = a * b;
    add(std::fma(a, b, -product));
    add(product);
  }
  int sign() const {
    for (int i = size_; i-- > 0;) {
      if (terms_[i] != 0) return terms_[i] > 0 ? 1 : -1;
    }
    return 0;
  }

 private:
  void add(double value) {
    for (int i = 0; i < size_; ++i) {
      const double sum = value + terms_[i];
      const double part = sum - value;
      terms_[i] = (value - (sum - part)) + (terms_[i] - part);
      value = sum;
    }
    terms_[size_++] = value;
  }
  std::array<double, 12> terms_{};
  int size_ = 0;
};

}  // namespace

int orientation(const std::array<double, 2>& a, const std::array<double, 2>& b,
                const std::array<double, 2>& c) {
  const double left = (a[0] - c[0]) * (b[1] - c[1]), right = (a[1] - c[1]) * (b[0] - c[0]);
  const double area = left - right;
  constexpr double error_bound = 3.3306690738754716e-16;  // (3 + 16 u) u, u = 2^-53
  if (std::abs(area) > error_bound * (std::abs(left) + std::abs(right))) return area > 0 ? 1 : -1;
  ExactSum sum;
  sum.add_product(a[0], b[1]);
  sum.add_product(-a[1], b[0]);
  sum.add_product(b[0], c[1]);
  sum.add_product(-b[1], c[0]);
  sum.add_product(c[0], a[1]);
  sum.add_product(-c[1], a[0]);
  return sum.sign();
}

// Takes the corners, without those that repeat the one before.
void PolygonCutter::take_corners(std::span<const Vec3> vertices,
                                 std::span<const std::uint32_t> corners) {
  corners_.clear();
  for (const std::uint32_t corner : corners) {
    if (corners_.empty() || vertices[corner] != vertices[corners_.back()]) {
      corners_.push_back(corner);
    }
  }
  while (corners_.size() > 1 && vertices[corners_.back()] == vertices[corners_.front()]) {
    corners_.pop_back();
  }
}

void PolygonCutter::project(std::span<const Vec3> vertices) {
  Vec3 normal{};
  const Vec3& origin = vertices[corners_[0]];
  for (std::size_t i = 1; i + 1 < corners_.size(); ++i) {
    normal = normal + cross(vertices[corners_[i]] - origin, vertices[corners_[i + 1]] - origin);
  }
  int axis = 0;
  for (int other = 1; other < 3; ++other) {
    if (std::abs(normal[other]) > std::abs(normal[axis])) axis = other;
  }
  turned_ = normal[axis] < 0;
  points_.clear();
  for (const std::uint32_t corner : corners_) {
    Point point{vertices[corner][(axis + 1) % 3], vertices[corner][(axis + 2) % 3]};
    if (turned_) std::swap(point[0], point[1]);
    points_.push_back(point);
  }
}

// It never turns right, and its edges turn round once: they go from right to left once only.
bool PolygonCutter::is_convex() const {
  const std::size_t n = points_.size();
  int direction = 0, first = 0, changes = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const Point &a = points_[i], &b = points_[(i + 1) % n], &c = points_[(i + 2) % n];
    if (orientation(a, b, c) < 0) return false;
    const int now = b[0] != a[0] ? (b[0] > a[0] ? 1 : -1) : 0;
    if (now == 0) continue;
    if (direction == 0) first = now;
    changes += direction != 0 && now != direction;
    direction = now;
  }
  return changes + (direction != first) <= 2;
}

void PolygonCutter::fan(std::span<const std::uint32_t> corners) {
  for (std::size_t i = 2; i < corners.size(); ++i) {
    triangles_.push_back({corners[0], corners[i - 1], corners[i]});
  }
}

// Can the corner at this place of the ring be cut off? With strictness 2 no other corner may touch
// the triangle (those at its own corners, the ends of bridges, do not count); with 1 none may be
// inside or on the cut; with 0 it need only be convex.
bool PolygonCutter::is_ear(std::size_t place, int strictness) {
  const std::size_t n = ring_.size();
  const Point &a = points_[ring_[(place + n - 1) % n]], &b = points_[ring_[place]],
              &c = points_[ring_[(place + 1) % n]];
  const int turn = orientation(a, b, c);
  if (turn <= 0) return turn == 0;  // collinear or repeated: goes without a triangle
  if (strictness == 0) return true;
  const Point low{std::min({a[0], b[0], c[0]}), std::min({a[1], b[1], c[1]})};
  const Point high{std::max({a[0], b[0], c[0]}), std::max({a[1], b[1], c[1]})};
  work_ += n;
  for (const std::size_t other : ring_) {
    const Point& p = points_[other];
    if (p[0] < low[0] || p[0] > high[0] || p[1] < low[1] || p[1] > high[1]) continue;
    if (p == a || p == b || p == c) continue;
    const int ab = orientation(a, b, p), bc = orientation(b, c, p), ca = orientation(c, a, p);
    if (strictness == 2 ? (ab >= 0 && bc >= 0 && ca >= 0) : (ab > 0 && bc > 0 && ca >= 0)) {
      return false;
    }
  }
  return true;
}

void PolygonCutter::cut_ears() {
  ring_.resize(corners_.size());
  for (std::size_t i = 0; i < ring_.size(); ++i) ring_[i] = i;
  std::size_t place = 0, tried = 0;
  int strictness = 2;
  while (ring_.size() > 2) {
    const std::size_t n = ring_.size();
    place %= n;
    check(++work_ <= max_work, "[read mesh] ", name_,
          ": its polygons have too many corners to be cut; triangulate it first");
    if (tried == n && strictness >= 0) {
      --strictness;
      tried = 0;
    }
    if (strictness >= 0 && !is_ear(place, strictness)) {
      ++place;
      ++tried;
      continue;
    }
    const std::array<std::size_t, 3> ear{ring_[(place + n - 1) % n], ring_[place],
                                         ring_[(place + 1) % n]};
    if (orientation(points_[ear[0]], points_[ear[1]], points_[ear[2]]) != 0) {
      triangles_.push_back({corners_[ear[0]], corners_[ear[1]], corners_[ear[2]]});
    }
    ring_.erase(ring_.begin() + std::ptrdiff_t(place));
    work_ += n / 16;
    // Ears side by side would give a fan of slivers.
    ++place;
    tried = 0;
    strictness = 2;
  }
}

const std::vector<PolygonCutter::Triangle>& PolygonCutter::cut(
    std::span<const Vec3> vertices, std::span<const std::uint32_t> corners) {
  triangles_.clear();
  if (corners.size() < 3) return triangles_;
  const bool finite = std::all_of(corners.begin(), corners.end(), [&](std::uint32_t corner) {
    return std::all_of(vertices[corner].begin(), vertices[corner].end(),
                       [](double x) { return std::isfinite(x); });
  });
  if (corners.size() == 3 || !finite) {
    fan(corners);
    return triangles_;
  }
  take_corners(vertices, corners);
  if (corners_.size() < 3) return triangles_;
  project(vertices);
  if (is_convex()) {
    fan(corners_);
  } else {
    cut_ears();
  }
  return triangles_;
}

}  // namespace voxgrad
