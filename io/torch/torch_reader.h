// PyTorch's files: a pickle that describes the tensors, and the bytes of their storages. In the zip
// form (torch 1.6 and later) they are entries `data.pkl` and `data/KEY` of one archive; in the
// older form they follow each other: magic number, protocol, system, the pickle, the storages'
// keys, then for each key its length and bytes.
#pragma once

#include "io/foreign_weights.h"

namespace voxgrad::torch_io {

ForeignWeights read_zip(const std::filesystem::path& file);
ForeignWeights read_legacy(const std::filesystem::path& file);

/// The first bytes of the older form: a pickle of its magic number.
inline constexpr unsigned char legacy_magic[] = {0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46,
                                                 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e};

}  // namespace voxgrad::torch_io
