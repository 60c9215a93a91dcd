#include "pix2vox/evaluation/point_grid.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tensor/error.h"

namespace voxgrad {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

float gap(float low, float high, float other_low, float other_high) {
  return std::max(std::max(other_low - high, low - other_high), 0.0f);
}

}  // namespace

PointGrid::Sorted PointGrid::sorted(std::span<const Vec3f> points, int cells) {
  const auto cell_of = [&](const Vec3f& p) {
    std::size_t cell = 0;
    for (const float x : p)
      cell =
          cell * std::size_t(cells) + std::size_t(std::clamp(int(x * float(cells)), 0, cells - 1));
    return cell;
  };
  std::vector<std::uint32_t> first(std::size_t(cells) * std::size_t(cells) * std::size_t(cells) +
                                   1);
  for (const Vec3f& p : points) ++first[cell_of(p) + 1];
  for (std::size_t c = 1; c < first.size(); ++c) first[c] += first[c - 1];
  Sorted result;
  result.order.resize(points.size());
  std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
  for (std::uint32_t i = 0; i < points.size(); ++i) result.order[next[cell_of(points[i])]++] = i;
  for (std::size_t c = 0; c + 1 < first.size(); ++c) {
    if (first[c] == first[c + 1]) continue;
    Bucket bucket{{kInfinity, kInfinity, kInfinity},
                  {-kInfinity, -kInfinity, -kInfinity},
                  first[c],
                  first[c + 1]};
    for (std::uint32_t i = bucket.begin; i < bucket.end; ++i)
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const float x = points[result.order[i]][axis];
        bucket.low[axis] = std::min(bucket.low[axis], x);
        bucket.high[axis] = std::max(bucket.high[axis], x);
      }
    result.buckets.push_back(bucket);
  }
  return result;
}

PointGrid::PointGrid(std::span<const Vec3f> points, int cells) : cells_(cells) {
  check(!points.empty() && cells >= 1 && cells <= 64, "[PointGrid] ", points.size(),
        " points in cells of 1/", cells);
  Sorted in_cells = sorted(points, cells);
  buckets_ = std::move(in_cells.buckets);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    coordinates_[axis].reserve(points.size());
    for (const std::uint32_t i : in_cells.order) coordinates_[axis].push_back(points[i][axis]);
  }
}

std::vector<float> PointGrid::distances(std::span<const Vec3f> places) const {
  std::vector<float> result(places.size());
  const Sorted asked = sorted(places, cells_);
  const float *xs = coordinates_[0].data(), *ys = coordinates_[1].data(),
              *zs = coordinates_[2].data();
  struct Candidate {
    float least;  // squared distance of the two boxes
    std::uint32_t bucket;
  };
  std::vector<Candidate> candidates;
  candidates.reserve(buckets_.size());
  for (const Bucket& around : asked.buckets) {
    candidates.clear();
    float enough = kInfinity;  // no place of these is further away from the nearest point
    for (std::uint32_t b = 0; b < buckets_.size(); ++b) {
      float least = 0, most = 0;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        const float low = around.low[axis], high = around.high[axis];
        const float d = gap(low, high, buckets_[b].low[axis], buckets_[b].high[axis]);
        least += d * d;
        const float span = std::max(high - buckets_[b].low[axis], buckets_[b].high[axis] - low);
        most += span * span;
      }
      enough = std::min(enough, most);
      candidates.push_back({least, b});
    }
    std::erase_if(candidates, [&](const Candidate& c) { return c.least > enough * 1.0001f; });
    std::ranges::sort(candidates, {},
                      [](const Candidate& c) { return std::pair(c.least, c.bucket); });
    for (std::uint32_t i = around.begin; i < around.end; ++i) {
      const Vec3f& place = places[asked.order[i]];
      const float x = place[0], y = place[1], z = place[2];
      float best = kInfinity;
      for (const Candidate& candidate : candidates) {
        if (candidate.least >= best) break;
        const Bucket& bucket = buckets_[candidate.bucket];
        float least = 0;
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const float d = gap(place[axis], place[axis], bucket.low[axis], bucket.high[axis]);
          least += d * d;
        }
        if (least >= best) continue;
        float nearest = best;
#pragma omp simd reduction(min : nearest)
        for (std::uint32_t p = bucket.begin; p < bucket.end; ++p) {
          const float dx = xs[p] - x, dy = ys[p] - y, dz = zs[p] - z;
          nearest = std::min(nearest, dx * dx + dy * dy + dz * dz);
        }
        best = nearest;
      }
      result[asked.order[i]] = std::sqrt(best);
    }
  }
  return result;
}

}  // namespace voxgrad
