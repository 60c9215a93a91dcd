// Weights in the files of other programs: PyTorch's .pth and .pt in both forms (zip since 1.6,
// and the older one) and safetensors. Which one it is, the first bytes say, not the name.
//
// Tensors come as the file has them: names with dots for nested dictionaries
// ("encoder_state_dict.vgg.0.weight"), axes in PyTorch's order, row-major. Views and tied storages
// become tensors of their own. f16 becomes f32, bool u8 and the smaller integers i64, each exactly.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tensor/named_tensor.h"

namespace voxgrad {

enum class WeightsFormat { hdf5, torch_zip, torch_legacy, safetensors };

/// Error, saying what the file is where that is known, if it is none of them.
WeightsFormat weights_format(const std::filesystem::path& file);

struct ForeignWeights {
  std::vector<NamedTensor> tensors;               // in the file's order
  std::vector<std::string> notes;                 // what was left out or converted: to be shown
  std::map<std::string, std::string> metadata{};  // free text of safetensors
};

/// Of any format but hdf5. Nothing in the file is executed. Error, with the file's name, for
/// anything that is not as the format says.
ForeignWeights read_foreign_weights(const std::filesystem::path& file);

using NamedNumber = std::pair<std::string, std::int64_t>;

/// A state dict that torch.load(weights_only=True) takes: one dictionary per first part of the
/// names where `grouped`, else flat; after it the numbers. f64, f32, bf16, u8 and i64. The same
/// contents give the same bytes. Written atomically.
void write_torch(const std::filesystem::path& file, const std::vector<NamedTensor>& tensors,
                 bool grouped, const std::vector<NamedNumber>& numbers = {});

struct SafetensorsOptions {
  /// f32 tensors as f16 where every value fits its range (65504), rounded to the nearest.
  bool half = false;
  std::map<std::string, std::string> metadata{};
};

/// Written atomically. Names must be distinct.
void write_safetensors(const std::filesystem::path& file, const std::vector<NamedTensor>& tensors,
                       const SafetensorsOptions& options = {});

}  // namespace voxgrad
