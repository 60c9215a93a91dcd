// pix2vox mesh
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/command_line/json_flag.h"
#include "apps/meshes/mesh_output.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/output_folder.h"
#include "apps/verbs/result_names.h"
#include "apps/verbs/verbs.h"
#include "voxels/grid/binvox.h"
#include "voxels/grid/npy.h"

namespace voxgrad::apps {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kFormats{"obj", "ply", "stl", "glb", "png", "apng"};

struct MeshFlags {
  std::vector<std::string> volumes;
  std::string out;  // empty: beside each volume
  std::vector<std::string> formats{"stl"};
  double threshold = 0.5;
  SurfaceFlags surface;
  JsonFlag json;
  DeviceFlags device;
};

VoxelGrid read_volume(const std::string& file) {
  const std::string suffix = fs::path(file).extension().string();
  check<ConfigError>(suffix == ".npy" || suffix == ".binvox", file,
                     ": a volume ends in .npy or .binvox");
  return suffix == ".npy" ? read_npy(file) : read_binvox(file);
}

int run_mesh(MeshFlags flags) {
  flags.json.check_writable();
  flags.device.apply();
  flags.formats = checked_formats(flags.formats, kFormats);
  flags.surface.check_values(flags.formats);
  const std::vector<std::string> names = result_names(flags.volumes);
  std::optional<OutputFolder> out;
  if (!flags.out.empty()) out.emplace(flags.out);
  bool sound = true;
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < flags.volumes.size(); ++i) {
    stop_if_asked();
    const std::string& volume = flags.volumes[i];
    MeshOutput output(read_volume(volume), flags.surface, flags.threshold);
    check(!output.empty(), volume, ": no voxel reaches ", flags.threshold,
          ", so there is no surface to write: try a lower --threshold");
    if (out) out->make();
    const fs::path folder = out ? out->path() : fs::path(volume).parent_path();
    for (const std::string& format : flags.formats) {
      const fs::path file = folder / concat(names[i], ".", format);
      if (is_mesh_format(format)) {
        output.write(format, file);
        std::cerr << fmt::format("{}: {}\n", file.string(), output.summary());
      } else {
        output.write_picture(format, file);
      }
      if (flags.json.prints_text()) std::cout << file.string() << std::endl;
    }
    for (const std::string& note : output.notes())
      std::cerr << "warning: " << volume << ": " << note << '\n';
    for (const std::string& problem : output.problems()) {
      sound = false;
      std::cerr << "warning: " << problem << '\n';
    }
    results.push_back({{"volume", volume}, {"notes", output.notes()}, {"meshes", output.json()}});
  }
  flags.json.write(
      nlohmann::ordered_json{{"threshold", flags.threshold}, {"volumes", results}}.dump(2));
  return sound || !flags.surface.strict ? kOk : kFailed;
}

}  // namespace

void add_mesh(Verb& app, Action& action) {
  auto flags = std::make_shared<MeshFlags>();
  Verb* verb = app.add_subcommand("mesh", "Make meshes of voxels, for printing and for viewers");
  verb->add_option("volumes", flags->volumes, "Volumes: .binvox, or .npy as predict writes them")
      ->required()
      ->type_name("FILE");
  verb->add_option("--out", flags->out, "Folder for the meshes [that of each volume]")
      ->type_name("DIR");
  verb->add_option("--format", flags->formats,
                   "Meshes: stl, obj, ply, glb; pictures: png, apng (turning)")
      ->type_name("obj|ply|stl|glb|png|apng")
      ->delimiter(',')
      ->repeatable()
      ->capture_default_str();
  verb->add_option("--threshold", flags->threshold,
                   "Probability from which a voxel counts as occupied")
      ->range(0.0, 1.0)
      ->type_name("T")
      ->capture_default_str();
  flags->surface.add(*verb);
  flags->json.add(*verb);
  flags->device.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox mesh out/chair.npy --surface smooth --size-mm 120\n"
      "  pix2vox mesh model.binvox --format stl,glb --components largest --min-wall-mm 1.2 "
      "--strict\n"
      "A report on each mesh goes to standard error: open and non-manifold edges as a reader\n"
      "sees them that merges vertices, volume, parts, size, and the thinnest part.");
  verb->callback([flags, &action] { action = [flags] { return run_mesh(*flags); }; });
}

}  // namespace voxgrad::apps
