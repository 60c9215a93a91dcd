// The configurations that were installed with the program.
#pragma once

#include <filesystem>
#include <string>

namespace voxgrad::apps {

/// share/voxgrad/configs beside the bin folder that this program is in; it need not exist.
std::filesystem::path installed_configs();

/// The file that --cfg means: `file` itself if it is there; otherwise, if it is named without a
/// folder or in configs/ (Pix2Vox-F, Pix2Vox-F.yaml, configs/Pix2Vox-F.yaml), the installed one of
/// that name. `file` if there is neither.
std::filesystem::path find_config(const std::string& file);

}  // namespace voxgrad::apps
