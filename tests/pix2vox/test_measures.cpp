// The measures of `pix2vox test`, against values worked out by hand, against brute force, and
// against those of a plain NumPy script (tools/golden/measures.py) on the same arrays.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "pix2vox/evaluation/calibration.h"
#include "pix2vox/evaluation/fscore.h"
#include "pix2vox/evaluation/pix3d_protocol.h"
#include "pix2vox/evaluation/point_grid.h"
#include "pix2vox/evaluation/retrieval.h"
#include "pix2vox/evaluation/threshold_search.h"
#include "tensor/error.h"
#include "tensor/rng.h"
#include "tests/pix2vox/toy_dataset.h"
#include "voxels/surface/empty_corner_surface.h"

using namespace voxgrad;

namespace {

/// A ball of probabilities around a place, in voxels; the shapes of the golden numbers.
VoxelGrid ball(int n, double x0, double y0, double z0, double radius) {
  VoxelGrid grid(n);
  for (int x = 0; x < n; ++x)
    for (int y = 0; y < n; ++y)
      for (int z = 0; z < n; ++z) {
        const double d = std::sqrt((x - x0) * (x - x0) + (y - y0) * (y - y0) + (z - z0) * (z - z0));
        grid.at(x, y, z) = float(std::clamp(0.5 + (radius - d) / 3, 0.0, 1.0));
      }
  return grid;
}

VoxelGrid box(int n, int x0, int x1, int y0, int y1, int z0, int z1) {
  VoxelGrid grid(n);
  for (int x = x0; x < x1; ++x)
    for (int y = y0; y < y1; ++y)
      for (int z = z0; z < z1; ++z) grid.at(x, y, z) = 1;
  return grid;
}

std::vector<Vec3f> random_points(int count, std::uint64_t seed, double low, double high) {
  Rng rng(seed);
  std::vector<Vec3f> points;
  for (int i = 0; i < count; ++i) {
    Vec3f p;
    for (float& x : p) x = float(rng.uniform(low, high));
    points.push_back(p);
  }
  return points;
}

}  // namespace

TEST_CASE("nearest distances by cells are those of brute force") {
  struct Clouds {
    std::vector<Vec3f> from, to;
  };
  std::vector<Clouds> all{
      {random_points(300, 1, 0, 1), random_points(200, 2, 0, 1)},
      {random_points(300, 3, 0, 0.1), random_points(5, 4, 0.8, 1)},
      {random_points(100, 5, 0, 1), {{1, 1, 1}}},
      {{{0, 0, 0}, {1, 1, 1}, {0.5f, 0.5f, 0.5f}}, {{0, 0, 0}, {0.5f, 0.5f, 0.5f}}}};
  for (const auto& [from, to] : all)
    for (const int cells : {1, 8, 32}) {
      const std::vector<float> found = PointGrid(to, cells).distances(from);
      for (std::size_t i = 0; i < from.size(); ++i) {
        float best = std::numeric_limits<float>::infinity();
        for (const Vec3f& p : to) best = std::min(best, length(p - from[i]));
        CHECK(found[i] == doctest::Approx(best).epsilon(1e-6));
      }
    }
}

TEST_CASE("the published surface of one voxel is the octahedron through its empty neighbours") {
  VoxelGrid grid(1);
  grid.at(0, 0, 0) = 1;
  const Mesh mesh = empty_corner_surface(grid, 0.5);
  CHECK(mesh.triangles.size() == 8);
  CHECK(mesh.vertices.size() == 6);
  for (const Vec3& v : mesh.vertices)
    CHECK(std::abs(v[0] - 0.5) + std::abs(v[1] - 0.5) + std::abs(v[2] - 0.5) ==
          doctest::Approx(0.5));
  CHECK(empty_corner_surface(VoxelGrid(3), 0.5).triangles.empty());
}

TEST_CASE("points lie on the surface, uniform by area") {
  Mesh mesh;  // a triangle of area 1/2, and one of 1/8 far from it
  mesh.vertices = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.5, 0, 1}, {0, 0.5, 1}};
  mesh.triangles = {{0, 1, 2}, {3, 4, 5}};
  const std::vector<Vec3f> points = sample_surface(mesh, 20000, 1, 2, 0);
  const auto high = std::ranges::count_if(points, [](const Vec3f& p) { return p[2] > 0.5f; });
  CHECK(double(high) / 20000 == doctest::Approx(0.2).epsilon(0.05).scale(0));
  double x = 0;
  for (const Vec3f& p : points) {
    CHECK(p[0] + p[1] <= 1.0001f);
    if (p[2] < 0.5f) x += p[0] / double(20000 - high);
  }
  CHECK(x == doctest::Approx(1.0 / 3).epsilon(0.02).scale(0));
  CHECK(sample_surface(mesh, 10, 1, 2, 0)[9] == points[9]);  // the first points of more
  CHECK(sample_surface(mesh, 10, 1, 2, 1)[9] != points[9]);
  CHECK_THROWS_AS(sample_surface(Mesh(), 10, 1, 2, 0), Error);
}

TEST_CASE("F-score and Chamfer distance of simple shapes") {
  const VoxelGrid a = box(32, 8, 24, 8, 24, 8, 24);
  const ShapeDistance same = shape_distance(a, 0.5, a, 7);
  CHECK(same.fscore[2] > 0.99);
  CHECK(same.fscore[1] > 0.75);  // other points of the same surface
  CHECK(*same.chamfer < 0.02);
  // The same cube shifted by 4 of 33 lattice units: no point is further than that.
  const ShapeDistance moved = shape_distance(box(32, 12, 28, 8, 24, 8, 24), 0.5, a, 7);
  CHECK(moved.fscore[5] == 1);
  CHECK(moved.fscore[3] < 1);
  CHECK(moved.fscore[1] < same.fscore[1]);
  CHECK(*moved.chamfer > *same.chamfer);
  const ShapeDistance none = shape_distance(VoxelGrid(32), 0.5, a, 7);
  CHECK(none.fscore[5] == 0);
  CHECK_FALSE(none.chamfer);
  CHECK(shape_distance(VoxelGrid(32), 0.5, VoxelGrid(32), 7).fscore[0] == 1);
  CHECK_THROWS_AS(shape_distance(VoxelGrid(16), 0.5, a, 7), Error);
}

TEST_CASE("measures agree with those of NumPy, SciPy and PyMCubes") {
  // tools/golden/measures.py --golden
  const VoxelGrid prediction = ball(32, 15.2, 14.1, 16.7, 9.4), truth = ball(32, 16, 16, 16, 10.3);
  const ShapeDistance distance = shape_distance(prediction, 0.3, truth, 5, {.seed = 1});
  const double fscore[6] = {0.0374145, 0.1159204, 0.2694397, 0.7828695, 1, 1};
  for (std::size_t i = 0; i < 6; ++i) CHECK(std::abs(distance.fscore[i] - fscore[i]) < 3e-4);
  CHECK(std::abs(*distance.chamfer - 0.0676856) < 1e-6);
  const auto count = std::int64_t(truth.values.size());
  CHECK(iou_at(prediction.values.data(), truth.values.data(), count, {0.3})[0] ==
        doctest::Approx(0.7177938).epsilon(1e-6));
  Pix3dIou pix3d;
  pix3d.add({"1", "ball", "a"}, prediction, truth);
  CHECK(pix3d.table().overall().mean[29] == doctest::Approx(0.9439418).epsilon(1e-3).scale(0));
  Calibration calibration;
  calibration.add(prediction.values.data(), truth.values.data(), count);
  CHECK(calibration.expected_error() == doctest::Approx(0.0322594).epsilon(1e-5).scale(0));
}

TEST_CASE("calibration: the error is that of the bins, and a calibrated model has none") {
  Calibration calibration;
  std::vector<float> p(1000), t(1000, 0);
  for (int i = 0; i < 1000; ++i) p[std::size_t(i)] = i < 500 ? 0.72f : 0.31f;
  for (int i = 0; i < 360; ++i) t[std::size_t(i)] = 1;    // 72 % of the first half
  for (int i = 500; i < 650; ++i) t[std::size_t(i)] = 1;  // 30 % of the second
  calibration.add(p.data(), t.data(), 1000);
  CHECK(calibration.expected_error() == doctest::Approx(0.005).epsilon(1e-4).scale(0));
  CHECK(calibration.uncertain_share() == 1);
  CHECK(calibration.volume_ratio() == doctest::Approx((360 + 155) / 510.0));
  const std::vector<float> sure(1000, 1.0f);
  calibration.add(sure.data(), sure.data(), 1000);
  CHECK(calibration.expected_error() == doctest::Approx(0.0025).epsilon(1e-4).scale(0));
  CHECK(calibration.uncertain_error() == doctest::Approx(0.005).epsilon(1e-4).scale(0));
  CHECK(calibration.uncertain_share() == doctest::Approx(0.5));
}

TEST_CASE("the threshold search agrees with IoU one by one, also for values on a threshold") {
  Rng rng(3);
  std::vector<float> p(500), t(500);
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i] = i % 3 == 0 ? float(int(rng.uniform() * 50)) / 50.0f : float(rng.uniform());
    t[i] = rng.uniform() < 0.4 ? 1.0f : 0.0f;
  }
  ThresholdSearch search;
  CHECK(iou_at_ascending(p.data(), t.data(), 500, search.thresholds()) ==
        iou_at(p.data(), t.data(), 500, search.thresholds()));
  const std::vector<float> low{0.29f, 0.29f, 0.1f}, high{0.61f, 0.55f, 0.5f}, truth{1, 1, 0};
  const ObjectInfo chair{"1", "chair", "a"}, table{"2", "table", "b"};
  search.add(chair, low.data(), truth.data(), 3);
  search.add(table, high.data(), truth.data(), 3);
  search.add(table, high.data(), truth.data(), 3);
  CHECK(search.by_category() ==
        std::vector<CategoryThreshold>{{"1", "chair", 0.12}, {"2", "table", 0.52}});
  CHECK(search.best().first == doctest::Approx(0.12));
  CHECK(search.best().second == doctest::Approx(7.0 / 9));
  CHECK_THROWS_AS(ThresholdSearch().best(), Error);
}

TEST_CASE("Pix3D's protocol cuts out the box, so size and place do not count") {
  const VoxelGrid small = box(32, 3, 11, 5, 9, 20, 28), large = box(32, 0, 16, 10, 18, 2, 18);
  const VoxelGrid a = pix3d_normalized(small), b = pix3d_normalized(large);
  CHECK(a.n == 32);
  CHECK(a.at(0, 16, 0) == 1);
  CHECK(a.at(16, 0, 16) == 0);  // padded above and below
  Pix3dIou measure;
  measure.add({"1", "chair", "a"}, small, large);
  CHECK(measure.table().best().second > 0.85);
  Pix3dIou empty;
  empty.add({"1", "chair", "a"}, VoxelGrid(32), VoxelGrid(32));
  CHECK(empty.table().best().second == 0);
  // 128 voxels per side are pooled first.
  const VoxelGrid fine = box(128, 12, 44, 20, 36, 80, 112);
  CHECK(pix3d_normalized(fine).values == a.values);
}

TEST_CASE("the nearest picture is found, and the descriptor is that of the picture over white") {
  Image red(32, 32, 3);
  for (int i = 0; i < 32 * 32; ++i) red.pixels[std::size_t(3 * i)] = 200;
  Image clear(32, 32, 4);  // transparent red is white
  for (int i = 0; i < 32 * 32; ++i) clear.pixels[std::size_t(4 * i)] = 200;
  const PictureDescriptor a = describe_picture(red), b = describe_picture(clear);
  CHECK(a[0] == 200);
  CHECK(a[1] == 0);
  CHECK(a[3] == 255);
  CHECK(b[0] == 255);
  CHECK(b[2] == 255);
  CHECK(b[3] == 0);
  CHECK(picture_distance(a, b) == 16 * 16 * (55 + 255 + 255 + 255));
  CHECK(picture_distance(a, a) == 0);

  const testing::ToyDataset train(6, 8), test(6, 8);
  const std::vector<std::int64_t> nearest = nearest_by_picture(train, test);
  for (std::int64_t i = 0; i < test.size(); ++i)
    CHECK(train.view(nearest[std::size_t(i)], 0).pixels == test.view(i, 0).pixels);
  // With first views alone the answer is the same: they are taken before all others.
  CHECK(nearest_by_picture(train, test, {.max_pictures = 6}) == nearest);
}
