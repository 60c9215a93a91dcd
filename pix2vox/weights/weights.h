// Weights of a network from any file that holds them: our checkpoints, and the PyTorch and
// safetensors files of io/foreign_weights.h in the published layout or as a plain state dict.
//
// The published layout is a dictionary of {encoder,decoder,merger,refiner}_state_dict, whose names
// may all carry the prefix "module." of a model on several GPUs. Convolution weights are
// [Cout,Cin,k..] there and [Cout,k..,Cin] here (transposed ones [Cin,Cout,k..] and [Cin,k..,Cout]).
// All else has one order. The variant and the sizes of the network follow from the tensors' shapes.
#pragma once

#include "pix2vox/checkpoint/checkpoint.h"

namespace voxgrad {

struct LoadedWeights {
  Checkpoint checkpoint;           // without a training; of foreign files without a threshold the
                                   // default one
  std::vector<std::string> notes;  // what was converted, left out or supplied: to be shown
};

/// Error with a list of what is missing, extra or of another shape, if the tensors are not those of
/// a network that this program has; Error if one is not finite.
LoadedWeights load_weights(const std::filesystem::path& file);

/// What of a file fits another network, for transfer to other sizes.
struct PartialWeights {
  std::vector<NamedTensor> tensors;  // of the network's own names and shapes, f32 or i64
  std::int64_t wanted = 0;           // tensors of the network
  std::vector<std::string> notes;    // what was converted; then each tensor that stays as it was,
                                     // and why; then what the network has no use for
};

/// The tensors of a file that have a name and a shape of the network's. Error if there are none, or
/// if one is not finite.
PartialWeights load_fitting_weights(const std::filesystem::path& file, const ModelConfig& network);

/// All tensors of a file under our names and in our order of axes, of any network.
std::vector<NamedTensor> load_any_tensors(const std::filesystem::path& file,
                                          std::vector<std::string>& notes);

/// The network whose state dict these tensors are, ours in names and axes.
ModelConfig recognize_network(const std::string& file, const std::vector<NamedTensor>& tensors);

/// Writes weights in the format of the file's suffix: .h5, .pth or .pt (published layout), or
/// .safetensors (flat names; its metadata keep the threshold). `half`: in half precision, for
/// .safetensors alone. ConfigError for another suffix.
void save_weights(const std::filesystem::path& file, const Checkpoint& checkpoint,
                  bool half = false);

}  // namespace voxgrad
