#include "datasets/build/mesh_files.h"

#include <algorithm>
#include <set>

#include "tensor/error.h"
#include "voxels/mesh/mesh_reader.h"

namespace voxgrad {
namespace {

namespace fs = std::filesystem;

class Walk {
 public:
  explicit Walk(const fs::path& root) : root_(root) {}

  MeshFiles run() {
    visited_.insert(fs::canonical(root_));
    std::vector<fs::path> folders{""};
    // Links come last, so that what they lead to counts under its own name.
    while (!folders.empty() || !links_.empty()) {
      if (folders.empty()) {
        std::sort(links_.begin(), links_.end());
        const fs::path link = links_.front();
        links_.erase(links_.begin());
        visit(link, folders);
        continue;
      }
      const fs::path folder = folders.back();
      folders.pop_back();
      list(folder, folders);
    }
    std::sort(found_.files.begin(), found_.files.end());
    return std::move(found_);
  }

 private:
  void list(const fs::path& folder, std::vector<fs::path>& folders) {
    std::error_code error;
    fs::directory_iterator entry(root_ / folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      const fs::path name = entry->path().filename();
      if (name.string().starts_with('.')) continue;
      if (entry->is_symlink(error)) {
        links_.push_back(folder / name);
      } else {
        visit(folder / name, folders);
      }
    }
    if (!error) return;
    check<DataError>(!folder.empty(), "[build] ", root_.string(),
                     " cannot be read: ", error.message());
    pass_over(folder, concat("the folder cannot be read: ", error.message()));
  }

  void visit(const fs::path& path, std::vector<fs::path>& folders) {
    std::error_code error;
    const fs::file_status status = fs::status(root_ / path, error);
    if (error || status.type() == fs::file_type::not_found) {
      pass_over(path, error ? error.message() : "the link leads nowhere");
      return;
    }
    const bool folder = status.type() == fs::file_type::directory;
    const bool wanted = status.type() == fs::file_type::regular &&
                        (is_mesh_file(path) || path.extension() == ".sh3f");
    if (!folder && !wanted) return;
    const fs::path place = fs::canonical(root_ / path, error);
    if (error) return pass_over(path, error.message());
    if (!visited_.insert(place).second) {
      return pass_over(path, concat("a link to ", place.string(), ", which is there already"));
    }
    if (folder) {
      folders.push_back(path);
    } else {
      found_.files.push_back(path);
    }
  }

  void pass_over(const fs::path& path, const std::string& reason) {
    found_.passed_over.push_back({path.generic_string(), reason});
  }

  fs::path root_;
  std::set<fs::path> visited_;
  std::vector<fs::path> links_;
  MeshFiles found_;
};

}  // namespace

MeshFiles find_mesh_files(const fs::path& root) {
  return Walk(root).run();
}

}  // namespace voxgrad
