// A tiny data set and a model trained on it for one epoch, made once for all tests of this program.
#pragma once

#include <string>

#include "tests/apps/program.h"
#include "voxels/image/image.h"

namespace voxgrad::testing {

inline const std::string mini_config = "configs/Pix2Vox-mini.yaml";

/// A picture of a box of one colour: opaque on a transparent background (4 channels) or on white
/// (3 channels).
Image box_picture(int channels, int size = 137);

/// Writes 4 training, 2 validation and 2 test objects of two views in the 3D-R2N2 layout.
void write_tiny_dataset(const std::filesystem::path& root);
std::string tiny_binvox(const std::filesystem::path& root, int object);

/// Arguments of a training on the tiny data set; an epoch takes about a second.
Arguments tiny_training(const std::string& data, const std::string& out, int epochs = 1);

struct TinyRun {
  TemporaryFolder folder;
  std::string data, run, weights;
};
/// Trained on first use.
const TinyRun& tiny_run();

}  // namespace voxgrad::testing
