#include "io/scratch_folder.h"

#include <cstdlib>

#include "tensor/error.h"

namespace voxgrad {

ScratchFolder::ScratchFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "voxgrad-XXXXXX").string();
  check(mkdtemp(name.data()) != nullptr, name, ": cannot make the folder");
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

}  // namespace voxgrad
