// From bytes of a storage to tensors, for every format of foreign weights.
#pragma once

#include <span>

#include "io/torch/pickle.h"
#include "tensor/tensor.h"

namespace voxgrad::torch_io {

/// The tensor's elements, gathered by its strides from the bytes of its whole storage. Error,
/// beginning with `where`, if it reaches beyond the storage or has more than 6 dimensions.
Tensor gather(const std::string& where, const PickleTensor& tensor,
              std::span<const std::uint8_t> storage);

/// To IEEE half precision, to the nearest and ties to even. Beyond 65504 it is an infinity.
std::uint16_t to_half(float value);

/// Number of elements, with checked arithmetic.
std::int64_t count_elements(const std::string& where, const std::vector<std::int64_t>& size);

}  // namespace voxgrad::torch_io
