#include "tensor/ops/backend.h"

namespace voxgrad {

#ifdef VOXGRAD_WITH_CUDA
const Backend& cuda_backend();  // cuda/backend.cpp
int cuda_backend_device_count();
#endif

const Backend& backend(Device device) {
  if (!device.is_cuda()) return cpu_backend();
#ifdef VOXGRAD_WITH_CUDA
  return cuda_backend();
#else
  fail<DeviceError>("[device] ", device,
                    " asked for, but this program was built without CUDA. Use "
                    "--device cpu, or build with -DVOXGRAD_CUDA=ON");
#endif
}

bool cuda_built_in() {
#ifdef VOXGRAD_WITH_CUDA
  return true;
#else
  return false;
#endif
}

int cuda_device_count() {
#ifdef VOXGRAD_WITH_CUDA
  return cuda_backend_device_count();
#else
  return 0;
#endif
}

}  // namespace voxgrad
