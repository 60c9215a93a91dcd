#include "apps/serve/volume_files.h"

#include "tensor/error.h"
#include "voxels/grid/binvox.h"
#include "voxels/grid/npy.h"
#include "voxels/mesh/mesh_writer.h"
#include "voxels/surface/surface.h"

namespace voxgrad::apps {

std::vector<std::string> volume_formats() {
  return {"glb", "stl", "obj", "ply", "binvox", "npy"};
}

std::string media_type(const std::string& format) {
  if (format == "glb") return "model/gltf-binary";
  if (format == "stl" || format == "obj") return "model/" + format;
  return "application/octet-stream";
}

std::vector<std::uint8_t> volume_file(const VoxelGrid& grid, const VolumeFileOptions& options) {
  if (options.format == "npy") return encode_npy(grid);
  if (options.format == "binvox") return encode_binvox(grid, options.threshold);
  const SurfaceKind kind = options.smooth ? SurfaceKind::smooth : SurfaceKind::blocks;
  const Mesh mesh = placed(make_surface(grid, {.kind = kind, .threshold = options.threshold}).mesh,
                           placement_for(options.format, options.size_mm));
  check(!mesh.triangles.empty(), "no voxel reaches the threshold ", options.threshold,
        ": there is no surface");
  if (options.format == "glb") return encode_glb(mesh);
  if (options.format == "stl") return encode_stl(mesh);
  if (options.format == "ply") return encode_ply(mesh);
  return encode_obj(mesh);
}

}  // namespace voxgrad::apps
