// safetensors: the length of a JSON header (u64), the header, and the tensors' bytes without gaps.
//   {"NAME": {"dtype": "F32", "shape": [64,3,3,3], "data_offsets": [0, 6912]}, ...}
// Format: github.com/huggingface/safetensors. The writer is declared in io/foreign_weights.h.
#pragma once

#include "io/foreign_weights.h"

namespace voxgrad::torch_io {

ForeignWeights read_safetensors(const std::filesystem::path& file);

inline constexpr std::uint64_t max_safetensors_header = 100'000'000;  // as its authors' reader

}  // namespace voxgrad::torch_io
