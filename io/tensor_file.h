// Named tensors in a file of their own, such as the state of any module or optimizer:
//
//   save_tensors("net.h5", net.state());
//   net.load_state(load_tensors("net.h5"));
//
// HDF5 that h5ls and h5py open, with a checksum after it (checksummed_file.h):
//
//   /                 attributes format "voxgrad tensors" and format_version 1
//   /tensors/NAME     one dataset per tensor, in order
//
// The same tensors give the same bytes. They come from any device and are loaded to the CPU.
#pragma once

#include <filesystem>
#include <vector>

#include "tensor/named_tensor.h"

namespace voxgrad {

/// Written atomically: what stood there remains if writing fails. Error for two tensors of one
/// name, and for names that are empty or hold a slash.
void save_tensors(const std::filesystem::path& file, const std::vector<NamedTensor>& tensors);

/// In the order in which they were saved. Error, with the file's name, for a file that is damaged
/// or of another kind.
std::vector<NamedTensor> load_tensors(const std::filesystem::path& file);

}  // namespace voxgrad
