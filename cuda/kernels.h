// The CUDA backend's kernel tables, one per family; backend.cpp joins them.
#pragma once

#include "tensor/ops/backend.h"

namespace voxgrad::cuda {

extern const MemoryOps memory_ops;
extern const ElementwiseOps elementwise_ops;
extern const ConvOps conv_ops;
extern const NormOps norm_ops;
extern const NormPoolOps norm_pool_ops;
/// The definition, without update_running: norm/reference.cu.
extern const NormOps norm_reference;
extern const PoolOps pool_ops;
extern const ReduceOps reduce_ops;
extern const LossOps loss_ops;
extern const ViewOps view_ops;
extern const LayoutOps layout_ops;
extern const OptimizerOps optimizer_ops;
extern const StreamOps stream_ops;
extern const ImageOps image_ops;

}  // namespace voxgrad::cuda
