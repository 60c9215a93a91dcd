// Meshes of one object as files, with a report on each.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/meshes/surface_flags.h"
#include "voxels/surface/mesh_report.h"

namespace voxgrad::apps {

class MeshOutput {
 public:
  /// Makes the surface. It is empty if no voxel reaches the threshold.
  MeshOutput(const VoxelGrid& grid, const SurfaceFlags& flags, double threshold);

  bool empty() const { return surface_.mesh.triangles.empty(); }
  Mesh& mesh() { return surface_.mesh; }
  /// Places the mesh as the format wants it and writes it.
  void write(const std::string& format, const std::filesystem::path& file);

  /// A line about the mesh, and one per problem; the last file's.
  const std::string& summary() const { return summary_; }
  /// What is wrong with the meshes that were written, and notes about what was asked for.
  const std::vector<std::string>& problems() const { return problems_; }
  const std::vector<std::string>& notes() const { return surface_.notes; }
  /// An object per file.
  const nlohmann::ordered_json& json() const { return json_; }

 private:
  const SurfaceFlags& flags_;
  Surface surface_;
  std::string summary_;
  std::vector<std::string> problems_;
  nlohmann::ordered_json json_ = nlohmann::ordered_json::array();
};

}  // namespace voxgrad::apps
