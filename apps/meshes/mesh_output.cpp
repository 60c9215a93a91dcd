#include "apps/meshes/mesh_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/plural.h"
#include "voxels/image/animation.h"
#include "voxels/mesh/mesh_writer.h"
#include "voxels/render/mesh_picture.h"
#include "voxels/surface/components.h"

namespace voxgrad::apps {
namespace {

nlohmann::ordered_json to_json(const MeshReport& report, const std::string& unit) {
  return {{"unit", unit},
          {"sound", report.sound()},
          {"triangles", report.triangles},
          {"vertices", report.vertices},
          {"boundary_edges", report.boundary_edges},
          {"nonmanifold_edges", report.nonmanifold_edges},
          {"flipped_edges", report.flipped_edges},
          {"degenerate_triangles", report.degenerate_triangles},
          {"components", report.components},
          {"cavities", report.cavities},
          {"volume", report.volume},
          {"area", report.area},
          {"size", report.size},
          {"thinnest", report.thinnest}};
}

/// In millimetres where the file has a size, in any unit.
void to_millimetres(MeshReport& report, double units_per_mm) {
  const double factor = 1 / units_per_mm;
  for (double& side : report.size) side *= factor;
  report.thinnest *= factor;
  report.area *= factor * factor;
  report.volume *= factor * factor * factor;
}

std::string describe(const MeshReport& r, const std::string& unit) {
  std::string text = fmt::format("{}, {}", counted(r.triangles, "triangle"),
                                 r.sound() ? "closed and manifold" : "not fit to print");
  text += fmt::format(", {}", counted(r.components, "part"));
  if (r.cavities > 0) text += fmt::format(" with {}", counted(r.cavities, "hollow"));
  text += fmt::format(", {:.4g} x {:.4g} x {:.4g}", r.size[0], r.size[1], r.size[2]);
  text += unit.empty() ? fmt::format(", volume {:.4g}", r.volume)
                       : fmt::format(" mm, volume {:.4g} cm3", r.volume / 1000);
  if (r.thinnest > 0)
    text += fmt::format(", thinnest part {:.3g}{}", r.thinnest, unit.empty() ? "" : " mm");
  return text;
}

}  // namespace

MeshOutput::MeshOutput(const VoxelGrid& grid, const SurfaceFlags& flags, double threshold)
    : flags_(flags), grid_(grid), threshold_(threshold) {
  const SurfaceOptions options = flags.options(threshold);
  if (options.components > 0) grid_ = keep_largest_components(grid, threshold, options.components);
  surface_ = make_surface(grid_, options);
}

std::vector<Image> MeshOutput::pictures(std::span<const double> azimuths) const {
  const PictureOptions options{.width = flags_.picture_size,
                               .height = flags_.picture_size,
                               .threshold = threshold_,
                               .transparent = flags_.transparent};
  return flags_.options(threshold_).kind == SurfaceKind::blocks
             ? draw_voxels(grid_, options, azimuths)
             : draw_mesh(surface_.mesh, grid_, options, azimuths);
}

void MeshOutput::write_picture(const std::string& format, const std::filesystem::path& file) const {
  constexpr int frames = 36, milliseconds = 80;
  const int count = format == "apng" ? frames : 1;
  std::vector<double> azimuths;
  for (int i = 0; i < count; ++i) azimuths.push_back(PictureOptions{}.azimuth + 360.0 * i / frames);
  const std::vector<Image> drawn = pictures(azimuths);
  if (format == "apng")
    write_apng(drawn, milliseconds, file);
  else
    write_png(drawn.front(), file);
}

void MeshOutput::write(const std::string& format, const std::filesystem::path& file) {
  const Placement placement = flags_.placement(format);
  const Mesh mesh = placed(surface_.mesh, placement);
  MeshReport report = report_on(mesh);
  const bool sized = placement.size_mm > 0;
  if (sized) to_millimetres(report, placement.units_per_mm);
  write_mesh(mesh, file);
  const std::string unit = sized ? "mm" : "";
  summary_ = describe(report, unit);
  const std::vector<std::string> found = problems_of(report, sized ? flags_.min_wall_mm : 0);
  for (const std::string& problem : found)
    problems_.push_back(fmt::format("{}: {}", file.string(), problem));
  nlohmann::ordered_json entry = to_json(report, unit);
  entry["file"] = file.string();
  entry["problems"] = found;
  json_.push_back(std::move(entry));
}

}  // namespace voxgrad::apps
