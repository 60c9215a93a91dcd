#include "voxels/library_versions.h"

#include <assimp/version.h>
#include <fmt/format.h>
#include <libdeflate.h>
#if __has_include(<embree4/rtcore.h>)
#include <embree4/rtcore.h>
#else
#include <embree3/rtcore.h>
#endif

#include <cstdio>
// jpeglib.h uses FILE and size_t without including them
#include <jpeglib.h>

namespace voxgrad {

std::vector<std::pair<std::string, std::string>> voxels_library_versions() {
  return {
      {"Embree", RTC_VERSION_STRING},
      {"assimp",
       fmt::format("{}.{}.{}", aiGetVersionMajor(), aiGetVersionMinor(), aiGetVersionPatch())},
      {"libdeflate", LIBDEFLATE_VERSION_STRING},
#ifdef LIBJPEG_TURBO_VERSION_NUMBER
      {"libjpeg-turbo", fmt::format("{}.{}.{}", LIBJPEG_TURBO_VERSION_NUMBER / 1000000,
                                    LIBJPEG_TURBO_VERSION_NUMBER / 1000 % 1000,
                                    LIBJPEG_TURBO_VERSION_NUMBER % 1000)},
#endif
  };
}

}  // namespace voxgrad
