#include "cuda/kernels.h"
#include "cuda/runtime/runtime.h"

namespace voxgrad {

const Backend& cuda_backend();
int cuda_backend_device_count();
const ConvOps& cuda_backend_conv_ops();

const Backend& cuda_backend() {
  static const Backend backend{"cuda",           cuda::memory_ops, cuda::elementwise_ops,
                               cuda::conv_ops,   cuda::norm_ops,   cuda::norm_pool_ops,
                               cuda::pool_ops,   cuda::reduce_ops, cuda::loss_ops,
                               cuda::view_ops,   cuda::layout_ops, cuda::optimizer_ops,
                               cuda::stream_ops, cuda::image_ops};
  check<DeviceError>(cuda::device_count() > 0,
                     "[device] no CUDA device can be used: ", cuda::why_no_device(),
                     ". Use --device cpu, or auto");
  return backend;
}

int cuda_backend_device_count() {
  return cuda::device_count();
}

const ConvOps& cuda_backend_conv_ops() {
  return cuda::conv_ops;
}

}  // namespace voxgrad
