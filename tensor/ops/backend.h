// A backend is a set of kernels for one kind of device. The folders cpu/ and cuda/ each define one;
// backend(device) picks.
#pragma once

#include "tensor/ops/conv.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/layout.h"
#include "tensor/ops/loss.h"
#include "tensor/ops/memory.h"
#include "tensor/ops/norm.h"
#include "tensor/ops/optimizer.h"
#include "tensor/ops/pictures.h"
#include "tensor/ops/pool.h"
#include "tensor/ops/reduce.h"
#include "tensor/ops/stream.h"
#include "tensor/ops/views.h"

namespace voxgrad {

struct Backend {
  const char* name;
  MemoryOps memory;
  ElementwiseOps elementwise;
  ConvOps conv;
  NormOps norm;
  PoolOps pool;
  ReduceOps reduce;
  LossOps loss;
  ViewOps views;
  LayoutOps layout;
  OptimizerOps optimizer;
  StreamOps stream;
  PictureOps pictures;
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
