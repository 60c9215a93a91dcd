// NumPy's .npz archives in tests: golden numbers that Python scripts wrote.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tensor/tensor.h"

namespace voxgrad::testing {

/// Every array of an archive by name, f32 or f64, C order. Error for anything else.
std::map<std::string, Tensor> read_npz(const std::filesystem::path& file);

}  // namespace voxgrad::testing
