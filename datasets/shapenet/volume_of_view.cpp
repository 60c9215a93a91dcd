#include "datasets/shapenet/volume_of_view.h"

#include <set>

namespace voxgrad {
namespace fs = std::filesystem;

std::optional<fs::path> volume_of_view(const fs::path& picture) {
  std::error_code error;
  const fs::path folder = fs::absolute(picture, error).lexically_normal().parent_path();
  if (error || folder.filename() != "rendering") return {};
  const fs::path object = folder.parent_path(), taxonomy = object.parent_path();
  const fs::path renderings = taxonomy.parent_path();
  if (renderings.filename() != "ShapeNetRendering") return {};
  const auto volume_in = [&](const fs::path& volumes) {
    return volumes / taxonomy.filename() / object.filename() / "model.binvox";
  };
  const fs::path root = renderings.parent_path(), usual = volume_in(root / "ShapeNetVox32");
  if (fs::is_regular_file(usual, error)) return usual;
  std::set<fs::path> found;  // in a fixed order
  for (fs::directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->path().filename().string().starts_with("ShapeNetVox") &&
        fs::is_regular_file(volume_in(it->path()), ignored))
      found.insert(volume_in(it->path()));
  }
  if (found.empty()) return {};
  return *found.begin();
}

}  // namespace voxgrad
