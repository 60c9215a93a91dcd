#include "apps/meshes/surface_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "tensor/error.h"

namespace voxgrad::apps {
namespace {

/// 0: all.
int component_count(const std::string& text) {
  if (text == "all") return 0;
  if (text == "largest") return 1;
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  check<ConfigError>(error == std::errc() && end == text.data() + text.size() && count >= 1,
                     "--components is largest, all, or how many of the largest to keep, not '",
                     text, "'");
  return count;
}

}  // namespace

std::vector<std::string> checked_formats(const std::vector<std::string>& given,
                                         const std::vector<std::string>& known) {
  std::vector<std::string> formats;
  for (std::string format : given) {
    std::ranges::transform(format, format.begin(),
                           [](unsigned char c) { return char(std::tolower(c)); });
    check<ConfigError>(std::ranges::find(known, format) != known.end(), "unknown format '", format,
                       "': use ", fmt::format("{}", fmt::join(known, ", ")));
    if (std::ranges::find(formats, format) == formats.end()) formats.push_back(format);
  }
  return formats;
}

bool is_mesh_format(const std::string& format) {
  return std::ranges::find(kMeshFormats, format) != kMeshFormats.end();
}

void SurfaceFlags::add(Verb& verb) {
  verb.add_option("--surface", surface,
                  "Meshes: faces of voxels, or a smooth surface where the probabilities cross the "
                  "threshold (marching cubes)")
      ->type_name("blocks|smooth")
      ->one_of({"blocks", "smooth"})
      ->capture_default_str();
  verb.add_option("--smooth", smoothing, "Steps of Taubin smoothing of a smooth surface")
      ->range(0, 1000)
      ->capture_default_str();
  verb.add_option("--decimate", keep_triangles,
                  "Share of the triangles to keep; the mesh stays a closed manifold")
      ->range(0.001, 1)
      ->type_name("SHARE")
      ->capture_default_str();
  verb.add_option("--components", components, "Keep the largest part, all, or the N largest")
      ->type_name("largest|N|all")
      ->capture_default_str();
  verb.add_option("--size-mm", size_mm,
                  "Longest side of meshes in millimetres [STL: 100; others keep the volume's "
                  "coordinates]")
      ->type_name("MM");
  verb.add_option("--up", up, "Axis that points up in meshes [STL: z; others: y, GLB always]")
      ->type_name("y|z")
      ->one_of({"y", "z"});
  verb.add_option("--min-wall-mm", min_wall_mm, "Warn about walls thinner than this")
      ->range(0, 1e6)
      ->type_name("MM");
  verb.add_flag("--strict", strict,
                "Exit with 1 if a mesh is not a closed manifold or a wall is too thin");
  verb.add_flag("--transparent", transparent,
                "Pictures of the object alone and its shadow, on nothing");
  verb.add_option("--picture-size", picture_size, "Width and height of pictures")
      ->range(16, 4096)
      ->type_name("PIXELS")
      ->capture_default_str();
}

void SurfaceFlags::check_values(const std::vector<std::string>& formats) const {
  component_count(components);
  bool millimetres = false;
  for (const std::string& format : formats)
    if (is_mesh_format(format)) millimetres = millimetres || placement(format).size_mm > 0;
  check<ConfigError>(min_wall_mm == 0 || millimetres,
                     "--min-wall-mm needs millimetres: add --size-mm, or the format stl");
}

SurfaceOptions SurfaceFlags::options(double threshold) const {
  return {.kind = surface_kind_from(surface),
          .threshold = threshold,
          .components = component_count(components),
          .smoothing = smoothing,
          .keep_triangles = keep_triangles};
}

Placement SurfaceFlags::placement(const std::string& format) const {
  return placement_for(format, size_mm,
                       up.empty() ? std::optional<std::string>() : std::optional(up));
}

}  // namespace voxgrad::apps
