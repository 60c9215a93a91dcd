// The CPU's kernel tables, one per family of operations; backend.cpp joins them. They are
// functions, so that tensors may be made before main(), in any order of static initialisation.
#pragma once

#include "tensor/ops/backend.h"

namespace voxgrad::cpu {

const MemoryOps& memory_ops();
const ElementwiseOps& elementwise_ops();
const ConvOps& conv_ops();
const NormOps& norm_ops();
const NormPoolOps& norm_pool_ops();
/// The definition, without update_running: norm/reference.cpp.
const NormOps& norm_reference();
const PoolOps& pool_ops();
const ReduceOps& reduce_ops();
const LossOps& loss_ops();
const ViewOps& view_ops();
const LayoutOps& layout_ops();
const OptimizerOps& optimizer_ops();
const StreamOps& stream_ops();
const ImageOps& image_ops();

}  // namespace voxgrad::cpu
