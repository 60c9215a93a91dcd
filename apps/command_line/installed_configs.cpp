#include "apps/command_line/installed_configs.h"

namespace voxgrad::apps {

namespace fs = std::filesystem;

fs::path installed_configs() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path() : program.parent_path().parent_path() / "share/voxgrad/configs";
}

fs::path find_config(const std::string& file) {
  const fs::path path = file;
  std::error_code error;
  if (fs::exists(path, error)) return path;
  if (path.has_parent_path() && path.parent_path() != "configs") return path;
  const fs::path folder = installed_configs();
  for (const std::string& name : {path.filename().string(), path.filename().string() + ".yaml"})
    if (!folder.empty() && fs::is_regular_file(folder / name, error)) return folder / name;
  return path;
}

}  // namespace voxgrad::apps
