#include "voxels/surface/empty_corner_surface.h"

#include <array>
#include <string_view>

#include "tensor/error.h"

namespace voxgrad {
namespace {

// Triangles of a cell, three corners each, by its occupied corners (bit c: corner c, which lies at
// (c & 1, c >> 1 & 1, c >> 2 & 1)). Made by running PyMCubes 0.1.6 on each of the 256 cells at iso
// value 0, where every vertex is an empty corner; triangles without area are left out.
constexpr std::array<std::string_view, 256> kTriangles{
    "",          "124",    "053",       "324534",    "036",       "136416",    "056365",
    "365564",    "172",    "247174",    "572052",    "247745",    "017607",    "174476",
    "056657",    "574764", "506",       "512652",    "536063",    "536632",    "653035",
    "653351",    "536",    "536",       "172065",    "267657517", "576726206", "257265",
    "015175765", "176165", "576",       "576",       "147",       "472127",    "047307",
    "472273",    "147360", "137367647", "046476736", "347364",    "724142",    "247",
    "724420",    "247",    "764604014", "476",       "704760",    "764",       "106716",
    "127726",    "063367", "327267",    "673713103", "167136",    "367",       "673",
    "102062672", "726",    "072067",    "267",       "",          "",          "",
    "",          "427",    "417271",    "053274",    "457537327", "403743",    "417713",
    "375745405", "374345", "214741",    "174",       "204054574", "745",       "741140",
    "174",       "074057", "457",       "750270",    "271175",    "023273753", "527532",
    "035537",    "135537", "375",       "375",       "751501021", "175",       "",
    "",          "017075", "751",       "",          "",          "712421",    "127",
    "732302042", "273",    "401031371", "137",       "",          "",          "142",
    "",          "420",    "",          "140",       "",          "",          "",
    "712210",    "127",    "027073",    "732",       "710703",    "137",       "",
    "",          "102",    "",          "",          "",          "",          "",
    "",          "",       "356",       "124563",    "306560",    "326246456", "605350",
    "645415135", "056",    "564",       "156216",    "154564624", "560062",    "524562",
    "605501",    "164156", "056",       "645",       "630503",    "513123263", "306",
    "326",       "035",    "513",       "",          "",          "620210150", "",
    "062",       "",       "015",       "",          "",          "",          "314634",
    "462632312", "306604", "432463",    "310140460", "",          "046",       "",
    "142246",    "246",    "042462",    "462",       "146160",    "",          "046",
    "",          "630031", "126163",    "306",       "326",       "310",       "",
    "",          "",       "162106",    "",          "620",       "",          "",
    "",          "",       "",          "235425",    "231351541", "540420230", "",
    "350054",    "413435", "540",       "",          "214415",    "154",       "542520",
    "",          "150054", "154",       "540",       "",          "503302",    "512523",
    "023",       "",       "035",       "513",       "",          "",          "215250",
    "",          "",       "",          "015",       "",          "",          "",
    "421123",    "123",    "342304",    "",          "314340",    "",          "",
    "",          "142",    "",          "204",       "",          "401",       "",
    "",          "",       "103302",    "231",       "023",       "",          "310",
    "",          "",       "",          "102",       "",          "",          "",
    "",          "",       "",          "",
};

}  // namespace

Mesh empty_corner_surface(const VoxelGrid& grid, double threshold) {
  check(grid.n >= 1 && grid.n <= 512, "[empty_corner_surface] a grid of ", grid.n,
        " voxels per side is not in 1..512");
  const int n = grid.n, side = n + 2;
  const auto place = [&](int x, int y, int z) {
    return (std::size_t(x) * std::size_t(side) + std::size_t(y)) * std::size_t(side) +
           std::size_t(z);
  };
  std::vector<std::uint8_t> occupied(place(side, 0, 0), 0);
  for (int x = 0; x < n; ++x)
    for (int y = 0; y < n; ++y)
      for (int z = 0; z < n; ++z)
        occupied[place(x + 1, y + 1, z + 1)] = grid.at(x, y, z) >= threshold;
  constexpr std::uint32_t none = ~std::uint32_t{0};
  std::vector<std::uint32_t> vertex(occupied.size(), none);
  Mesh mesh;
  const auto vertex_at = [&](int x, int y, int z) {
    std::uint32_t& known = vertex[place(x, y, z)];
    if (known == none) {
      known = std::uint32_t(mesh.vertices.size());
      const double unit = 1.0 / (side - 1);
      mesh.vertices.push_back({x * unit, y * unit, z * unit});
    }
    return known;
  };
  for (int x = 0; x + 1 < side; ++x)
    for (int y = 0; y + 1 < side; ++y)
      for (int z = 0; z + 1 < side; ++z) {
        unsigned pattern = 0;
        for (unsigned c = 0; c < 8; ++c)
          pattern |=
              unsigned(occupied[place(x + int(c & 1), y + int(c >> 1 & 1), z + int(c >> 2 & 1))])
              << c;
        const std::string_view corners = kTriangles[pattern];
        for (std::size_t i = 0; i < corners.size(); i += 3) {
          std::array<std::uint32_t, 3> triangle;
          for (std::size_t k = 0; k < 3; ++k) {
            const int c = corners[i + k] - '0';
            triangle[k] = vertex_at(x + (c & 1), y + (c >> 1 & 1), z + (c >> 2 & 1));
          }
          mesh.triangles.push_back(triangle);
        }
      }
  return mesh;
}

}  // namespace voxgrad
