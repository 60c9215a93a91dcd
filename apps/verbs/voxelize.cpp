// pix2vox voxelize
#include "voxels/voxelize/voxelize.h"

#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/command_line/json_flag.h"
#include "apps/verbs/verbs.h"
#include "voxels/grid/binvox.h"
#include "voxels/mesh/mesh_reader.h"

namespace voxgrad::apps {
namespace {

struct VoxelizeFlags {
  std::string mesh, out;
  int resolution = 32;
  JsonFlag json;
  DeviceFlags device;
};

int run_voxelize(const VoxelizeFlags& flags) {
  flags.json.check_writable();
  flags.device.apply();
  check<ConfigError>(flags.out.ends_with(".binvox"), "--out must end in .binvox, got ", flags.out);
  const Mesh mesh = read_mesh(flags.mesh);
  for (const std::string& note : mesh.notes) std::cerr << flags.mesh << ": " << note << '\n';
  VoxelGrid grid = voxelize(mesh, flags.resolution);
  if (grid.count() == 0) {
    std::cerr << fmt::format(
        "warning: {}: its parts are too small for the space they span: none fills a voxel at {} "
        "per side, so "
        "each becomes the voxels that it touches; try a higher --resolution\n",
        flags.mesh, flags.resolution);
    grid = voxelize_surface(mesh, flags.resolution);
  }
  write_binvox(grid, flags.out);
  std::cerr << fmt::format("{}: {} of {} voxels occupied\n", flags.mesh, grid.count(),
                           grid.values.size());
  if (flags.json.prints_text()) std::cout << flags.out << '\n';
  flags.json.write(nlohmann::ordered_json{
      {"mesh", flags.mesh},
      {"file", flags.out},
      {"occupied", grid.count()},
      {"voxels", grid.values.size()},
      {"translate", grid.translate},
      {"scale",
       grid.scale}}.dump(2));
  return kOk;
}

}  // namespace

void add_voxelize(Verb& app, Action& action) {
  auto flags = std::make_shared<VoxelizeFlags>();
  Verb* verb = app.add_subcommand("voxelize", "Make solid voxels of a mesh");
  verb->add_option("mesh", flags->mesh, "OBJ, OFF, PLY, STL, glTF, GLB or DAE file")
      ->required()
      ->type_name("FILE");
  verb->add_option("--out", flags->out, "Where to write")->required()->type_name("FILE.binvox");
  verb->add_option("--resolution", flags->resolution, "Voxels along the longest side")
      ->range(2, 256)
      ->capture_default_str();
  flags->json.add(*verb);
  flags->device.add(*verb);
  verb->footer(
      "Example:\n"
      "  pix2vox voxelize chair.obj --out chair.binvox --resolution 64");
  verb->callback([flags, &action] { action = [flags] { return run_voxelize(*flags); }; });
}

}  // namespace voxgrad::apps
