#include "io/library_versions.h"

#include <fmt/format.h>
#include <hdf5.h>
#include <zip.h>

namespace voxgrad {

std::vector<std::pair<std::string, std::string>> io_library_versions() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return {{"HDF5", fmt::format("{}.{}.{}", major, minor, release)},
          {"libzip", zip_libzip_version()}};
}

}  // namespace voxgrad
