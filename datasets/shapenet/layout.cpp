#include "datasets/shapenet/layout.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "datasets/common/data_errors.h"
#include "io/file.h"
#include "tensor/error.h"
#include "voxels/grid/binvox.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

bool is_hidden(const fs::path& file) {
  return file.filename().string().starts_with('.');
}

bool is_picture(const fs::path& file) {
  if (is_hidden(file)) return false;
  std::string suffix = file.extension().string();
  std::ranges::transform(suffix, suffix.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : char(c);
  });
  return suffix == ".png" || suffix == ".jpg" || suffix == ".jpeg";
}

// Does a picture show something about the view of which its name tells, like 00_mask of 00?
bool accompanies(const std::string& stem, const std::set<std::string>& stems) {
  static const std::set<std::string, std::less<>> kinds{
      "mask",   "masks", "alpha", "depth",      "normal",       "normals",
      "albedo", "seg",   "label", "silhouette", "segmentation", "semantic"};
  const std::size_t sign = stem.find_last_of("_-.");
  if (sign == std::string::npos) return kinds.contains(stem);
  return kinds.contains(stem.substr(sign + 1)) && stems.contains(stem.substr(0, sign));
}

// Of all pictures in a folder, the views.
void keep_views(const fs::path& rendering, std::vector<std::string>& pictures) {
  std::vector<std::string> listed;
  try {
    listed = listed_renderings(rendering);
  } catch (const Error&) {  // `dataset check` says what is wrong with it
  }
  if (!listed.empty()) {
    const std::set<std::string> names(listed.begin(), listed.end());
    std::erase_if(pictures, [&](const std::string& name) { return !names.contains(name); });
    return;
  }
  std::set<std::string> stems;
  for (const std::string& name : pictures) stems.insert(fs::path(name).stem().string());
  std::erase_if(pictures, [&](const std::string& name) {
    return accompanies(fs::path(name).stem().string(), stems);
  });
}

void check_folder(const fs::path& folder, const fs::path& root) {
  std::error_code error;
  check<DataError>(fs::is_directory(folder, error), "no folder ", folder.string(), "\n",
                   shapenet_layout(root));
}

fs::path volume_folder(const fs::path& root) {
  fs::path usual = root / "ShapeNetVox32";
  std::error_code error;
  if (fs::is_directory(usual, error)) return usual;
  std::set<fs::path> others;
  for (fs::directory_iterator it(root, error), end; !error && it != end; it.increment(error))
    if (it->path().filename().string().starts_with("ShapeNetVox") && it->is_directory(error))
      others.insert(it->path());
  check<DataError>(!others.empty(), "no folder ", usual.string(), "\n", shapenet_layout(root));
  check<DataError>(others.size() == 1, root.string(), " has ", others.size(),
                   " folders ShapeNetVox* and none is ShapeNetVox32; keep one");
  return *others.begin();
}

}  // namespace

std::string shapenet_layout(const fs::path& root) {
  const std::string base = (root / "").string();
  return "expected layout:\n  " + base +
         "dataset.json                                      (the taxonomy)\n  " + base +
         "ShapeNetRendering/<taxonomy>/<object>/rendering/  (00.png, 01.png, ...)\n  " + base +
         "ShapeNetVox32/<taxonomy>/<object>/model.binvox";
}

ShapeNetFolders find_shapenet_folders(const fs::path& root, const fs::path& taxonomy) {
  check_folder(root, root);
  ShapeNetFolders folders;
  folders.taxonomy = taxonomy.empty() ? root / "dataset.json" : taxonomy;
  std::error_code error;
  check<DataError>(fs::is_regular_file(folders.taxonomy, error), "no taxonomy ",
                   folders.taxonomy.string(), "\n", shapenet_layout(root));
  folders.renderings = root / "ShapeNetRendering";
  check_folder(folders.renderings, root);
  folders.volumes = volume_folder(root);
  return folders;
}

std::vector<std::string> listed_renderings(const fs::path& rendering) {
  constexpr std::size_t max_bytes = std::size_t{1} << 20;
  const fs::path list = rendering / "renderings.txt";
  std::vector<std::string> names;
  std::error_code error;
  if (!fs::exists(list, error)) return names;
  const std::vector<std::uint8_t> bytes = read_file(list, max_bytes);
  std::istringstream lines(std::string(bytes.begin(), bytes.end()));
  for (std::string name; std::getline(lines, name);) {
    while (!name.empty() && (name.back() == '\r' || name.back() == ' ')) name.pop_back();
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

ShapeNetFiles find_shapenet_files(const ShapeNetFolders& folders, const std::string& taxonomy_id,
                                  const std::string& object_id) {
  ShapeNetFiles files;
  files.rendering = folders.renderings / taxonomy_id / object_id / "rendering";
  files.volume = folders.volumes / taxonomy_id / object_id / "model.binvox";
  std::error_code error;
  for (fs::directory_iterator it(files.rendering, error), end; !error && it != end;
       it.increment(error))
    if (is_picture(it->path())) files.views.push_back(it->path().filename().string());
  keep_views(files.rendering, files.views);
  std::ranges::sort(files.views, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  files.has_volume = fs::exists(files.volume, error);
  return files;
}

fs::path ShapeNetFiles::first_missing() const {
  if (views.empty()) {
    std::error_code error;
    return fs::is_directory(rendering, error) ? rendering / "00.png" : rendering;
  }
  return has_volume ? fs::path() : volume;
}

Image read_view(const fs::path& file, bool lenient) {
  std::vector<std::string> warnings;
  return read_as_data([&] { return read_image(file, lenient ? &warnings : nullptr); });
}

VoxelGrid read_volume(const fs::path& file) {
  return read_as_data([&] { return read_binvox(file); });
}

}  // namespace voxgrad
