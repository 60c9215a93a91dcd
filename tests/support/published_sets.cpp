#include "tests/support/published_sets.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "datasets/shapenet/taxonomy.h"
#include "tests/support/mat_writer.h"
#include "voxels/grid/binvox.h"
#include "voxels/image/image.h"
#include "voxels/render/grid_views.h"

namespace voxgrad::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Part {
  std::array<int, 3> low, high;
};

/// In eighths of the cube.
constexpr std::array<Part, 3> parts{Part{{1, 0, 2}, {3, 8, 4}}, Part{{3, 6, 2}, {7, 8, 4}},
                                    Part{{1, 0, 4}, {3, 2, 6}}};

bool inside(double x, double y, double z) {
  for (const Part& part : parts)
    if (x > part.low[0] && x < part.high[0] && y > part.low[1] && y < part.high[1] &&
        z > part.low[2] && z < part.high[2])
      return true;
  return false;
}

std::string four_digits(int number) {
  std::string digits = std::to_string(number);
  return std::string(4 - digits.size(), '0') + digits;
}

void write_text_file(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

/// Marches rays from a camera through a picture: white where they meet the object, for a map from
/// pixel and depth to a point in eighths of the cube.
template <class Point>
Image silhouette(int width, int height, double nearest, double farthest, const Point& point) {
  Image mask(width, height, 1);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (double depth = nearest; depth < farthest; depth += 0.02) {
        const Vec3 p = point(x + 0.5, y + 0.5, depth);
        if (!inside(p[0], p[1], p[2])) continue;
        mask.at(x, y)[0] = 255;
        break;
      }
  return mask;
}

/// A picture with the object's silhouette on a background of another colour.
Image picture_of_mask(const Image& mask, int channels) {
  Image picture(mask.width, mask.height, channels);
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x)
      for (int c = 0; c < channels; ++c)
        picture.at(x, y)[c] =
            std::uint8_t(mask.at(x, y)[0] ? 150 - 40 * c : 200 + 10 * c + (x + y) % 8);
  return picture;
}

std::array<double, 4> box_of_mask(const Image& mask) {
  std::array<double, 4> box{double(mask.width), double(mask.height), 0, 0};
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x) {
      if (!mask.at(x, y)[0]) continue;
      box = {std::min(box[0], double(x)), std::min(box[1], double(y)), std::max(box[2], x + 1.0),
             std::max(box[3], y + 1.0)};
    }
  return box;
}

}  // namespace

VoxelGrid asymmetric_grid(int n) {
  VoxelGrid grid(n);
  for (int x = 0; x < n; ++x)
    for (int y = 0; y < n; ++y)
      for (int z = 0; z < n; ++z)
        grid.at(x, y, z) =
            inside((x + 0.5) * 8 / n, (y + 0.5) * 8 / n, (z + 0.5) * 8 / n) ? 1.0f : 0.0f;
  return grid;
}

Mesh asymmetric_mesh() {
  constexpr std::array<std::array<std::uint32_t, 4>, 6> sides{
      {{0, 1, 3, 2}, {4, 6, 7, 5}, {0, 4, 5, 1}, {2, 3, 7, 6}, {0, 2, 6, 4}, {1, 5, 7, 3}}};
  Mesh mesh;
  for (const Part& part : parts) {
    const auto first = std::uint32_t(mesh.vertices.size());
    for (int corner = 0; corner < 8; ++corner)
      mesh.vertices.push_back({double(corner & 4 ? part.high[0] : part.low[0]),
                               double(corner & 2 ? part.high[1] : part.low[1]),
                               double(corner & 1 ? part.high[2] : part.low[2])});
    for (const auto& side : sides) {
      mesh.triangles.push_back({first + side[0], first + side[1], first + side[2]});
      mesh.triangles.push_back({first + side[0], first + side[2], first + side[3]});
    }
  }
  return mesh;
}

void write_obj(const Mesh& mesh, const fs::path& file) {
  std::string text;
  for (const Vec3& v : mesh.vertices)
    text += "v " + std::to_string(v[0]) + " " + std::to_string(v[1]) + " " + std::to_string(v[2]) +
            "\n";
  for (const auto& t : mesh.triangles)
    text += "f " + std::to_string(t[0] + 1) + " " + std::to_string(t[1] + 1) + " " +
            std::to_string(t[2] + 1) + "\n";
  write_text_file(file, text);
}

void write_off(const Mesh& mesh, const fs::path& file, bool glued_header) {
  std::string text = glued_header ? "OFF" : "OFF\n";
  text +=
      std::to_string(mesh.vertices.size()) + " " + std::to_string(mesh.triangles.size()) + " 0\n";
  for (const Vec3& v : mesh.vertices)
    text += std::to_string(v[0]) + " " + std::to_string(v[1]) + " " + std::to_string(v[2]) + "\n";
  for (const auto& t : mesh.triangles)
    text += "3 " + std::to_string(t[0]) + " " + std::to_string(t[1]) + " " + std::to_string(t[2]) +
            "\n";
  write_text_file(file, text);
}

void write_pix3d(const fs::path& root, const Pix3dForm& form) {
  // model.obj: x left, y up, z to the back, about a metre tall and not centred.
  const auto to_model = [](const Vec3& p) {
    return Vec3{p[2] / 8 + 0.1, p[1] / 8 - 0.3, -p[0] / 8 + 0.2};
  };
  const fs::path model = "model/chair/F";
  write_obj(changed(asymmetric_mesh(), to_model), root / model / "model.obj");
  // voxel.mat: v[i][j][k], i left, j front, k up, column-major; in the middle half of the grid.
  const int n = form.resolution;
  std::vector<std::uint8_t> voxels;
  for (int k = 0; k < n; ++k)
    for (int j = 0; j < n; ++j)
      for (int i = 0; i < n; ++i) {
        const auto eighth = [&](int index) { return (index + 0.5 - n / 4) * 16 / n; };
        voxels.push_back(inside(eighth(j), eighth(k), eighth(i)) ? 1 : 0);
      }
  write_bytes(root / model / "voxel.mat",
              mat_file({mat_uint8("voxel", {n, n, n}, voxels, true)}, form.compressed));

  Json list = Json::array();
  const auto add = [&](const std::string& category, int number, bool occluded) {
    // The camera stands before the object, a little above and to its left: x to the picture's
    // left, y up, z away. Rows of the matrix are these axes in the model's frame.
    const double turn = 0.5 + 0.2 * number;
    const std::array<std::array<double, 3>, 3> rotation{
        {{std::cos(turn), 0, std::sin(turn)}, {0, 1, 0}, {-std::sin(turn), 0, std::cos(turn)}}};
    const std::array<double, 3> translation{0.05, -0.2, 2.5};
    const int width = 64, height = 48;
    const double focal_mm = 35, focal = focal_mm / 32 * width;
    const auto point = [&](double x, double y, double depth) {
      const Vec3 seen{-(x - width / 2.0) / focal * depth, -(y - height / 2.0) / focal * depth,
                      depth};
      Vec3 m{};  // rotation^T (seen - translation)
      for (int a = 0; a < 3; ++a)
        for (int row = 0; row < 3; ++row) m[a] += rotation[row][a] * (seen[row] - translation[row]);
      return Vec3{-(m[2] - 0.2) * 8, (m[1] + 0.3) * 8, (m[0] - 0.1) * 8};
    };
    const Image mask = silhouette(width, height, 1.0, 4.5, point);
    const std::string name = category + "/" + four_digits(number) + ".png";
    for (const char* folder : {"img", "mask"})
      fs::create_directories((root / folder / name).parent_path());
    write_png(picture_of_mask(mask, form.grey && number == 1 ? 1 : 3), root / "img" / name);
    write_png(mask, root / "mask" / name);
    Json entry;
    entry["img"] = "img/" + name;
    entry["category"] = category;
    entry["img_size"] = {width, height};
    entry["2d_keypoints"] = {{{1.5, 2.5}, {-1, -1}}};
    entry["mask"] = "mask/" + name;
    entry["img_source"] = "self-taken";
    entry["model"] = (model / "model.obj").string();
    entry["model_raw"] = 0;
    entry["model_source"] = "self-scanned";
    entry["3d_keypoints"] = (model / "3d_keypoints.txt").string();
    entry["voxel"] = (model / "voxel.mat").string();
    entry["rot_mat"] = rotation;
    entry["trans_mat"] = translation;
    entry["focal_length"] = focal_mm;
    entry["cam_position"] = {0.1, 0.2, -2.5};
    entry["inplane_rotation"] = 0.0;
    entry["truncated"] = false;
    entry["occluded"] = occluded;
    entry["slightly_occluded"] = false;
    entry["bbox"] = box_of_mask(mask);
    list.push_back(entry);
  };
  for (int i = 0; i < form.chairs; ++i) add("chair", i + 1, false);
  for (int i = 0; i < form.others; ++i) add(i == 0 ? "chair" : "sofa", form.chairs + i + 1, i == 0);
  write_text_file(root / "pix3d.json", list.dump());
}

namespace {

/// A record as PASCAL3D+ has it, for a car at the origin of the CAD model's frame.
MatBytes pascal3d_record(const std::string& picture, const Image& mask, double azimuth,
                         double elevation, double theta, double distance, bool coarse) {
  const std::array<double, 4> box = box_of_mask(mask);
  const auto number = [](double value) { return mat_doubles("", {1, 1}, {value}); };
  MatFields view{{"azimuth_coarse", number(std::round(azimuth / 45) * 45)},
                 {"elevation_coarse", number(0)}};
  if (!coarse)
    for (const auto& [name, value] : MatFields{{"azimuth", number(azimuth)},
                                               {"elevation", number(elevation)},
                                               {"distance", number(distance)},
                                               {"focal", number(1)},
                                               {"theta", number(theta)},
                                               {"px", number(mask.width / 2.0)},
                                               {"py", number(mask.height / 2.0)},
                                               {"viewport", number(60)}})
      view.emplace_back(name, value);
  const auto object = [&](const std::string& name, const std::vector<double>& edges,
                          const MatBytes& cad_index, const MatBytes& viewpoint) {
    return MatFields{{"class", mat_text("", name)},
                     {"bbox", mat_doubles("", {1, 4}, edges)},
                     {"cad_index", cad_index},
                     {"truncated", mat_uint8("", {1, 1}, {0}, true)},
                     {"occluded", mat_uint8("", {1, 1}, {0}, true)},
                     {"difficult", number(0)},
                     {"viewpoint", viewpoint}};
  };
  // Boxes count pixels from 1, and hold their last one.
  const MatFields small = object("car", {1, 1, 4, 3.5}, number(2), {});
  const MatFields person =
      object("person", {1, 1, double(mask.width), double(mask.height)}, {}, {});
  const MatFields large =
      object("car", {box[0] + 1, box[1] + 1, box[2], box[3]}, number(1), mat_struct("", {view}));
  return mat_struct(
      "record",
      {{{"filename", mat_text("", picture)},
        {"imgsize", mat_doubles("", {1, 3}, {double(mask.width), double(mask.height), 3})},
        {"segmented", number(0)},
        {"objects", mat_struct("", {small, person, large})}}});
}

}  // namespace

void write_pascal3d(const fs::path& root, int train, int test) {
  // z up, front at -y: x is the object's right. Centred at the origin, a unit long.
  const auto to_cad = [](const Vec3& p) {
    return Vec3{-(p[2] - 4) / 8, -(p[0] - 4) / 8, (p[1] - 4) / 8};
  };
  write_off(changed(asymmetric_mesh(), to_cad), root / "CAD/car/01.off");
  Mesh slab = asymmetric_mesh();
  slab.triangles.resize(12);  // the post alone
  write_off(changed(slab, to_cad), root / "CAD/car/02.off");
  Json taxonomy = Json::array();
  taxonomy.push_back({{"taxonomy_id", "car"}, {"taxonomy_name", "car"}});
  constexpr double degree = 3.14159265358979323846 / 180;
  for (int i = 0; i < train + test; ++i) {
    const bool voc = i % 2 == 1;
    const std::string id = voc ? "2008_" + four_digits(i) : "n02814533_" + std::to_string(i + 10);
    const std::string folder = voc ? "car_pascal" : "car_imagenet";
    const std::string picture = id + (voc ? ".jpg" : ".JPEG");
    const double azimuth = 20 + 50 * i, elevation = 10 + i, theta = i % 3 - 1, distance = 3;
    const int width = 60, height = 50;
    // The toolbox's project_3d: R = Rx Rz, then a turn by theta in the picture's plane.
    const double a = -azimuth * degree, e = -(90 - elevation) * degree, t = theta * degree;
    const Vec3 rows[3] = {{std::cos(a), -std::sin(a), 0},
                          {std::cos(e) * std::sin(a), std::cos(e) * std::cos(a), -std::sin(e)},
                          {std::sin(e) * std::sin(a), std::sin(e) * std::cos(a), std::cos(e)}};
    const Vec3 eye{distance * std::cos(elevation * degree) * std::sin(azimuth * degree),
                   -distance * std::cos(elevation * degree) * std::cos(azimuth * degree),
                   distance * std::sin(elevation * degree)};
    const auto point = [&](double x, double y, double depth) {
      const double u = (x - width / 2.0) / 60, v = -(y - height / 2.0) / 60;
      const Vec3 seen{(std::cos(t) * u + std::sin(t) * v) * depth,
                      (-std::sin(t) * u + std::cos(t) * v) * depth, -depth};
      Vec3 p = eye;
      for (int axis = 0; axis < 3; ++axis)
        for (int row = 0; row < 3; ++row) p[axis] += rows[row][axis] * seen[row];
      return Vec3{4 - 8 * p[1], 4 + 8 * p[2], 4 - 8 * p[0]};
    };
    const Image mask = silhouette(width, height, 1.5, 4.5, point);
    fs::create_directories(root / "Images" / folder);
    write_png(picture_of_mask(mask, 3), root / "Images" / folder / picture);
    const bool coarse = i == train + test - 1;
    write_bytes(
        root / "Annotations" / folder / (id + ".mat"),
        mat_file({pascal3d_record(picture, mask, azimuth, elevation, theta, distance, coarse)},
                 !voc));
    taxonomy[0][i < train ? "train" : "test"].push_back(id);
  }
  write_text_file(root / "dataset.json", taxonomy.dump());
}

void write_modelnet(const fs::path& root, int train, int test) {
  // z up, thousands of units long.
  const auto to_modelnet = [](const Vec3& p) {
    return Vec3{1000 * p[0] + 17, -1000 * p[2], 1000 * p[1] - 5};
  };
  const Mesh mesh = changed(asymmetric_mesh(), to_modelnet);
  for (const std::string name : {"chair", "night_stand"})
    for (int i = 0; i < train + test; ++i)
      write_off(
          mesh,
          root / name / (i < train ? "train" : "test") / (name + "_" + four_digits(i + 1) + ".off"),
          i % 2 == 0);
}

void write_shapenetcore(const fs::path& root, const ShapeNetCoreForm& form) {
  const std::string synset = "03001627";
  // v2: x left, y up, front at -z; a unit diagonal around the origin.
  const auto to_v2 = [](const Vec3& p) {
    return Vec3{(p[2] - 4) / 11, (p[1] - 4) / 11, -(p[0] - 4) / 11};
  };
  const auto to_v1 = [](const Vec3& p) {
    return Vec3{(p[0] - 4) / 8, (p[1] - 4) / 8, (p[2] - 4) / 8};
  };
  const Mesh mesh = form.v2 ? changed(asymmetric_mesh(), to_v2) : changed(asymmetric_mesh(), to_v1);
  const int n = 32;
  VoxelGrid solid(n);
  for (int x = 0; x < n; ++x)
    for (int y = 0; y < n; ++y)
      for (int z = 0; z < n; ++z) {
        const auto eighth = [](int index) { return (index - 8 + 0.5) / 2; };
        const bool full = form.v2 ? inside(8 - eighth(z), eighth(y), eighth(x))
                                  : inside(eighth(x), eighth(y), eighth(z));
        solid.at(x, y, z) = full ? 1.0f : 0.0f;
      }
  Category category{synset, "chair", {}, {}, {}};
  std::string csv = "id,synsetId,subSynsetId,modelId,split\n";
  for (int i = 0; i < form.train + form.val + form.test; ++i) {
    const std::string id = "1006be65e7bc937e9141f9b58470d64" + std::to_string(i);
    const fs::path folder = form.v2 ? root / synset / id / "models" : root / synset / id;
    const std::string stem = form.v2 ? "model_normalized" : "model";
    write_obj(mesh, folder / (stem + ".obj"));
    if (form.solid) write_binvox(solid, folder / (stem + ".solid.binvox"));
    if (form.pictures) {
      const fs::path rendering = root / "ShapeNetRendering" / synset / id / "rendering";
      fs::create_directories(rendering);
      write_png(Image(16, 16, 4), rendering / "00.png");
    }
    const char* split = i < form.train ? "train" : i < form.train + form.val ? "val" : "test";
    (i < form.train              ? category.train
     : i < form.train + form.val ? category.val
                                 : category.test)
        .push_back(id);
    csv += four_digits(i) + "," + synset + "," + synset + "," + id + "," + split + "\n";
  }
  if (form.csv)
    write_text_file(root / "all.csv", csv);
  else
    write_taxonomy({category}, root / "dataset.json");
}

Image seen_through(const GridCamera& camera, const VoxelGrid& grid, int width, int height) {
  Image paper(width, height, 3);
  std::ranges::fill(paper.pixels, std::uint8_t{255});
  const Image drawn = draw_over(paper, grid, camera);
  Image mask(width, height, 1);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        if (drawn.at(x, y)[c] != 255) mask.at(x, y)[0] = 255;
  return mask;
}

double overlap_of(const Image& a, const Image& b) {
  int both = 0, either = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    both += a.pixels[i] && b.pixels[i] ? 1 : 0;
    either += a.pixels[i] || b.pixels[i] ? 1 : 0;
  }
  return either == 0 ? 0 : double(both) / either;
}

}  // namespace voxgrad::testing
