#include "apps/command_line/shipped_models.h"

#include <algorithm>
#include <iostream>

#include "tensor/error.h"

namespace voxgrad::apps {

namespace fs = std::filesystem;

namespace {

/// What predict takes without --weights.
constexpr const char* kDefaultModel = "pix2vox-pp-f.safetensors";

}  // namespace

fs::path models_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path bin = program.parent_path();
  // build/<preset>/bin, three below the source tree.
  for (const fs::path& folder : {bin.parent_path() / "share/voxgrad/models",
                                 bin.parent_path().parent_path().parent_path() / "models"})
    if (fs::is_regular_file(folder / "README.md", error)) return folder;
  return {};
}

std::vector<fs::path> shipped_models() {
  std::vector<fs::path> files;
  const fs::path folder = models_folder();
  std::error_code error;
  if (!folder.empty())
    for (const auto& entry : fs::directory_iterator(folder, error))
      if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

fs::path weights_or_shipped(const std::string& named) {
  if (!named.empty()) return named;
  const fs::path folder = models_folder();
  std::error_code error;
  const fs::path file = folder / kDefaultModel;
  check<ConfigError>(
      !folder.empty() && fs::is_regular_file(file, error),
      "the weights that come with Voxgrad are not there (models/ beside the sources, or "
      "share/voxgrad/models beside bin/): name a checkpoint with --weights FILE");
  std::cerr << "weights: " << file.lexically_normal().string()
            << ", which come with Voxgrad (pix2vox models; others: --weights FILE)\n";
  return file;
}

}  // namespace voxgrad::apps
