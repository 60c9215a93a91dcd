#include "cpu/kernels.h"

namespace voxgrad::cpu {

const ConvOps conv_ops = conv_reference_ops;

}  // namespace voxgrad::cpu
