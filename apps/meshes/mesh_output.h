// Meshes of one object as files, with a report on each, and pictures of them.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "apps/meshes/surface_flags.h"
#include "voxels/image/image.h"
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

  /// Draws it: "png", or "apng" for a turntable.
  void write_picture(const std::string& format, const std::filesystem::path& file) const;

  /// A line about the mesh, and one per problem; the last file's.
  const std::string& summary() const { return summary_; }
  /// What is wrong with the meshes that were written, and notes about what was asked for.
  const std::vector<std::string>& problems() const { return problems_; }
  const std::vector<std::string>& notes() const { return surface_.notes; }
  /// An object per file.
  const nlohmann::ordered_json& json() const { return json_; }

 private:
  std::vector<Image> pictures(std::span<const double> azimuths) const;

  const SurfaceFlags& flags_;
  VoxelGrid grid_;  // the parts that are kept
  double threshold_;
  Surface surface_;
  std::string summary_;
  std::vector<std::string> problems_;
  nlohmann::ordered_json json_ = nlohmann::ordered_json::array();
};

}  // namespace voxgrad::apps
