// The CPU's kernel tables, one a family; backend.cpp joins them. Families with a fast f32 twin on
// oneDNN (conv) come in two tables, so that tests can hold one against the other.
#pragma once

#include "tensor/ops/backend.h"

namespace voxgrad::cpu {

extern const MemoryOps memory_ops;
extern const ElementwiseOps elementwise_ops;
extern const NormOps norm_ops;
extern const PoolOps pool_ops;
extern const ReduceOps reduce_ops;
extern const LossOps loss_ops;
extern const ViewOps view_ops;
extern const LayoutOps layout_ops;
extern const OptimizerOps optimizer_ops;
extern const StreamOps stream_ops;
extern const PictureOps picture_ops;

/// Readable loops, f32 and f64.
extern const ConvOps conv_reference_ops;
/// oneDNN, f32 and bf16.
extern const ConvOps conv_onednn_ops;
/// What the backend uses: oneDNN for f32 and bf16, the loops for f64.
extern const ConvOps conv_ops;

}  // namespace voxgrad::cpu
