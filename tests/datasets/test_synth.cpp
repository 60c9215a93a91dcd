// The generator of objects: sound meshes, thin parts that survive, every category, the same bytes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "datasets/synth/catalogue.h"
#include "datasets/synth/draw.h"
#include "datasets/synth/families.h"
#include "datasets/synth/shaper.h"
#include "tensor/error.h"
#include "voxels/mesh/vec3.h"
#include "voxels/voxelize/voxelize.h"

using namespace voxgrad;

namespace {

// Every directed edge of the triangles from `begin` on occurs once, and so does its reverse.
bool is_closed(const Mesh& mesh, std::size_t begin, std::size_t end) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, int> edges;
  for (std::size_t i = begin; i < end; ++i)
    for (std::size_t k = 0; k < 3; ++k)
      ++edges[{mesh.triangles[i][k], mesh.triangles[i][(k + 1) % 3]}];
  return std::ranges::all_of(edges, [&](const auto& edge) {
    const auto reverse = edges.find({edge.first.second, edge.first.first});
    return edge.second == 1 && reverse != edges.end() && reverse->second == 1;
  });
}

double volume(const Mesh& mesh, std::size_t begin, std::size_t end) {
  const Vec3 origin = mesh.vertices[mesh.triangles[begin][0]];
  double sum = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const auto& [a, b, c] = mesh.triangles[i];
    sum +=
        dot(mesh.vertices[a] - origin, cross(mesh.vertices[b] - origin, mesh.vertices[c] - origin));
  }
  return sum / 6;
}

bool is_finite(const Mesh& mesh) {
  return std::ranges::all_of(mesh.vertices, [](const Vec3& v) {
    return std::isfinite(v[0]) && std::isfinite(v[1]) && std::isfinite(v[2]);
  });
}

// Extents of the occupied voxels.
std::array<int, 3> extents(const VoxelGrid& grid) {
  std::array<int, 3> low{grid.n, grid.n, grid.n}, high{-1, -1, -1};
  for (int x = 0; x < grid.n; ++x)
    for (int y = 0; y < grid.n; ++y)
      for (int z = 0; z < grid.n; ++z) {
        if (grid.at(x, y, z) < 0.5f) continue;
        const std::array<int, 3> at{x, y, z};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          low[axis] = std::min(low[axis], at[axis]);
          high[axis] = std::max(high[axis], at[axis]);
        }
      }
  return {high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1};
}

// Connected groups of occupied voxels in one layer.
int groups_in_layer(const VoxelGrid& grid, int y) {
  std::set<std::pair<int, int>> left;
  for (int x = 0; x < grid.n; ++x)
    for (int z = 0; z < grid.n; ++z)
      if (grid.at(x, y, z) >= 0.5f) left.insert({x, z});
  int groups = 0;
  while (!left.empty()) {
    ++groups;
    std::vector<std::pair<int, int>> stack{*left.begin()};
    left.erase(left.begin());
    while (!stack.empty()) {
      const auto [x, z] = stack.back();
      stack.pop_back();
      for (const auto& next : {std::pair{x + 1, z}, {x - 1, z}, {x, z + 1}, {x, z - 1}})
        if (left.erase(next) > 0) stack.push_back(next);
    }
  }
  return groups;
}

// Sums over 24 objects that tell any change of a place or a colour: their triangles, their corners'
// squared distances to a point outside all planes of symmetry, and their weighted colours.
struct Family {
  std::string name;
  std::size_t triangles;
  double corners, colors;
};

Family measured(const std::string& category) {
  Family family{category, 0, 0, 0};
  for (std::uint64_t number = 0; number < 24; ++number) {
    const Mesh mesh = synth_mesh(category, 5, number);
    family.triangles += mesh.triangles.size();
    for (const Vec3& v : mesh.vertices)
      family.corners +=
          std::pow(v[0] - 0.3, 2) + 2 * std::pow(v[1] + 0.1, 2) + 3 * std::pow(v[2] - 0.2, 2);
    for (const auto& color : mesh.colors) family.colors += color[0] + 2 * color[1] + 3 * color[2];
  }
  return family;
}

}  // namespace

TEST_CASE("parts of a Shaper are closed and turned outwards, moved and mirrored ones too") {
  Shaper s;
  s.box({1, 1, 1}, {0, 0, 0});
  s.frustum({0, 0, 0}, {1, 2, 1}, 0.5, 0.2);
  s.beam({0, 0, 0}, {0, 0, 3}, 0.1, 0.2);
  s.rod({0, 0, 0}, {1, 1, 1}, 0.1, 0.2);
  s.tube({{0, 0, 0}, {0, 1, 0}, {1, 1, 0}, {1, 1, 1}}, 0.1);
  s.ring({0, 0, 0}, {0, 1, 0}, 1, 0.1);
  s.lathe({0, 0, 0}, {{1, 0}, {0.5, 1}, {0, 2}});
  s.ball({0, 0, 0}, {1, 2, 3});
  s.cushion({0, 0, 0}, {1, 0.2, 1}, 0.3);
  s.extrude(2, oval(1, 2), 0, 1);
  s.moved(
      [](const Vec3& p) {
        return Vec3{-p[0], p[1], p[2]};
      },
      [&] {
        s.box({2, 0, 0}, {3, 1, 1});
      });
  s.mirrored([&] { s.box({4, 0, 0}, {5, 1, 1}); });
  const std::vector<std::size_t> ends = s.part_ends();
  CHECK(ends.size() == 13);
  for (std::size_t part = 0, begin = 0; part < ends.size(); begin = ends[part], ++part) {
    CAPTURE(part);
    CHECK(is_closed(s.mesh(), begin, ends[part]));
    CHECK(volume(s.mesh(), begin, ends[part]) > 0);
  }
  CHECK(volume(s.mesh(), 0, ends[0]) == doctest::Approx(1));
  CHECK(volume(s.mesh(), ends[10], ends[11]) == doctest::Approx(1));
  CHECK(volume(s.mesh(), ends[11], ends[12]) == doctest::Approx(1));
  CHECK(s.mesh().vertices.back()[0] < 0);  // the mirror image
  CHECK_THROWS_WITH(s.loft({{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}}}), doctest::Contains("two outlines"));
}

TEST_CASE("every family makes closed meshes whose thin parts reach as far in 32 voxels") {
  for (const SynthCategory& category : synth_categories()) {
    for (std::uint64_t number = 0; number < 8; ++number) {
      CAPTURE(category.name);
      CAPTURE(number);
      const Mesh mesh = synth_mesh(category.name, 5, number);
      REQUIRE(mesh.triangles.size() >= 12);
      CHECK(mesh.colors.size() == mesh.triangles.size());
      REQUIRE(is_finite(mesh));
      CHECK(is_closed(mesh, 0, mesh.triangles.size()));
      CHECK(volume(mesh, 0, mesh.triangles.size()) > 0);
      const Mesh::Bounds bounds = mesh.bounds();
      const VoxelGrid grid = voxelize(mesh, 32);
      CHECK(grid.count() >= 40);
      const std::array<int, 3> found = extents(grid);
      for (std::size_t axis = 0; axis < 3; ++axis)
        CHECK(found[axis] >=
              32 * (bounds.high[axis] - bounds.low[axis]) / bounds.longest_side() - 2);
    }
  }
}

TEST_CASE("a chair of thin legs stands on all four in 32 voxels") {
  Shaper s;
  s.box({-0.2, 0.43, -0.2}, {0.2, 0.45, 0.2});
  s.box({-0.2, 0.45, -0.2}, {0.2, 0.9, -0.18});
  for (const int x : {-1, 1})
    for (const int z : {-1, 1}) s.rod({0.18 * x, 0, 0.18 * z}, {0.18 * x, 0.44, 0.18 * z}, 0.006);
  const VoxelGrid grid = voxelize(s.mesh(), 32);
  for (const int y : {0, 5, 10}) CHECK(groups_in_layer(grid, y) == 4);
}

TEST_CASE("an object follows from category, seed and number") {
  const Mesh a = synth_mesh("chair", 7, 3);
  CHECK(a.vertices == synth_mesh("chair", 7, 3).vertices);
  CHECK(a.colors == synth_mesh("chair", 7, 3).colors);
  CHECK(a.vertices != synth_mesh("chair", 7, 4).vertices);
  CHECK(a.vertices != synth_mesh("chair", 8, 3).vertices);
  CHECK(a.vertices != synth_mesh("table", 7, 3).vertices);
  CHECK_THROWS_WITH_AS(synth_mesh("chiar", 1, 1), doctest::Contains("there are airplane, bed"),
                       ConfigError);
}

TEST_CASE("a seed's objects are those of earlier versions") {
  const std::vector<Family> known{{"airplane", 23864, 241096.177763, 66361.8087},
                                  {"bed", 43968, 88707.3373095, 175122.274},
                                  {"bench", 7432, 5679.14855416, 23788.7203},
                                  {"bus_truck", 25784, 600861.460061, 42578.798},
                                  {"cabinet", 8000, 10927.9213844, 20612.7734},
                                  {"car", 49432, 260541.48824, 140810.795},
                                  {"chair", 22504, 14411.7084878, 58728.7994},
                                  {"display", 5032, 1545.99055482, 8041.82926},
                                  {"lamp", 9044, 5986.74924845, 29228.534},
                                  {"loudspeaker", 19752, 6499.66304744, 46043.0542},
                                  {"motorbike_bike", 72712, 75879.3532927, 156082.455},
                                  {"rifle", 10532, 2127.60036876, 18286.1677},
                                  {"sofa", 74176, 66505.4754968, 193672.631},
                                  {"table", 4196, 3306.25166765, 10296.9888},
                                  {"telephone", 7280, 1208.06055872, 15457.8847},
                                  {"watercraft", 10356, 359859.070211, 30355.3007}};
  REQUIRE(known.size() == synth_categories().size());
  for (const Family& before : known) {
    CAPTURE(before.name);
    const Family now = measured(before.name);
    CHECK(now.triangles == before.triangles);
    CHECK(now.corners == doctest::Approx(before.corners).epsilon(1e-9));
    CHECK(now.colors == doctest::Approx(before.colors).epsilon(1e-7));
  }
}

TEST_CASE("objects of a family differ") {
  for (const SynthCategory& category : synth_categories()) {
    CAPTURE(category.name);
    std::set<std::size_t> counts;
    for (std::uint64_t number = 0; number < 12; ++number)
      counts.insert(synth_mesh(category.name, 2, number).triangles.size());
    CHECK(counts.size() >= 4);
  }
}

TEST_CASE("a set has every category by its share, or those asked for") {
  const MeshSources all = synth_sources(400, 3);
  CHECK(all.objects.size() == 400);
  std::map<std::string, int> counts;
  std::set<std::string> names;
  for (const MeshSource& source : all.objects) {
    ++counts[source.category];
    CHECK(source.split == "train");
    CHECK(names.insert(source.name).second);
  }
  CHECK(counts.size() == synth_categories().size());
  for (const SynthCategory& category : synth_categories())
    CHECK(std::abs(counts[category.name] - 400 * category.share) <= 3);

  const MeshSources some = synth_sources(10, 3, {"lamp", "chair", "lamp"});
  CHECK(some.objects.size() == 10);
  CHECK(some.objects.front().category == "chair");
  CHECK(some.objects.back().category == "lamp");
  CHECK(some.objects.front().id == "synth-3-000000");
  CHECK(some.objects.front().load().vertices == synth_mesh("chair", 3, 0).vertices);
  CHECK_THROWS_AS(synth_sources(10, 3, {"chiar"}), ConfigError);
  CHECK_THROWS_WITH_AS(synth_sources(1, 3, {"chair", "lamp"}), doctest::Contains("give 2 or more"),
                       ConfigError);
}
