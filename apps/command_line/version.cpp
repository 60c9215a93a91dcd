#include "apps/command_line/version.h"

#include <fmt/format.h>
#include <spdlog/version.h>
#include <voxgrad_commit.h>  // made by cmake/VoxgradCommit.cmake

#include <CLI/Version.hpp>

#include "io/library_versions.h"
#include "simd/isa.h"
#include "tensor/ops/library_versions.h"
#include "voxels/library_versions.h"

namespace voxgrad::apps {
namespace {

/// The level of our kernels in use, and all that there are here.
std::string instructions() {
  std::string all;
  for (const Isa isa : available_isas()) all.append(all.empty() ? "" : ", ").append(name(isa));
  try {
    return std::string(name(current_isa())) + " (of " + all + ")";
  } catch (const Error& error) {
    return error.what();
  }
}

std::string dotted(int number) {  // 100205 -> "10.2.5"
  return fmt::format("{}.{}.{}", number / 10000, number / 100 % 100, number % 100);
}

}  // namespace

std::string version() {
  return VOXGRAD_VERSION;
}

std::string commit() {
  return VOXGRAD_COMMIT;
}

std::vector<std::pair<std::string, std::string>> library_versions() {
  std::vector<std::pair<std::string, std::string>> all{{"oneDNN", onednn_version()}};
  for (const auto& more : {io_library_versions(), voxels_library_versions()})
    all.insert(all.end(), more.begin(), more.end());
  all.emplace_back("fmt", dotted(FMT_VERSION));
  all.emplace_back("spdlog", dotted(SPDLOG_VERSION));
  all.emplace_back("CLI11", CLI11_VERSION);
#ifdef VOXGRAD_CUDA_VERSION
  all.emplace_back("CUDA", VOXGRAD_CUDA_VERSION);
#endif
  return all;
}

std::string version_text() {
  std::string text = fmt::format("pix2vox {}\ncommit        {}\ncompiler      {}\ninstructions  {}",
                                 version(), commit(), VOXGRAD_COMPILER, instructions());
  for (const auto& [name, number] : library_versions())
    text += fmt::format("\n{:<13} {}", name, number);
  return text;
}

}  // namespace voxgrad::apps
