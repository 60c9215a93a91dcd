// A backend is a set of kernels for one kind of device. The folders cpu/ and cuda/ each define one;
// backend(device) picks.
#pragma once

#include "tensor/ops/conv_ops.h"
#include "tensor/ops/conv_table.h"
#include "tensor/ops/elementwise_ops.h"
#include "tensor/ops/image_ops.h"
#include "tensor/ops/layout_ops.h"
#include "tensor/ops/loss_ops.h"
#include "tensor/ops/memory_ops.h"
#include "tensor/ops/norm_ops.h"
#include "tensor/ops/norm_pool_ops.h"
#include "tensor/ops/optimizer_ops.h"
#include "tensor/ops/pool_ops.h"
#include "tensor/ops/reduce_ops.h"
#include "tensor/ops/stream_ops.h"
#include "tensor/ops/views_ops.h"

namespace voxgrad {

struct Backend {
  const char* name;
  MemoryOps memory;
  ElementwiseOps elementwise;
  ConvOps conv;
  NormOps norm;
  NormPoolOps norm_pool;
  PoolOps pool;
  ReduceOps reduce;
  LossOps loss;
  ViewOps views;
  LayoutOps layout;
  OptimizerOps optimizer;
  StreamOps stream;
  ImageOps images;
};

/// The kernels for a device. DeviceError if Voxgrad was built without CUDA and is asked for it.
const Backend& backend(Device device);

/// False if Voxgrad was built without CUDA.
bool cuda_built_in();

/// Number of CUDA devices that can be used; 0 without a driver, or when built without CUDA.
int cuda_device_count();

/// Defined by cpu/backend.cpp.
const Backend& cpu_backend();

}  // namespace voxgrad
