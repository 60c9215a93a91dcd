#include "tensor/ops/backend.h"

#include <string>

#include "tensor/environment.h"

namespace voxgrad {

#ifdef VOXGRAD_WITH_CUDA
const Backend& cuda_backend();  // cuda/backend.cpp
int cuda_backend_device_count();
const ConvOps& cuda_backend_conv_ops();
#endif

namespace {

/// VOXGRAD_CONV names an algorithm of any backend.
bool force_conv_algorithm() {
  const char* const value = environment("VOXGRAD_CONV");
  const std::string name = value ? value : "";
  const auto known = [&](const ConvOps& ops) { return ops.table().force(name); };
  bool found = known(cpu_backend().conv);
  std::string names = cpu_backend().conv.table().names();
#ifdef VOXGRAD_WITH_CUDA
  found = known(cuda_backend_conv_ops()) || found;
  names += "; cuda: " + cuda_backend_conv_ops().table().names();
#endif
  check<ConfigError>(found, "VOXGRAD_CONV: no algorithm \"", name, "\". There are: cpu: ", names);
  return found;
}

}  // namespace

const Backend& backend(Device device) {
  static const bool environment_read = force_conv_algorithm();
  check(environment_read, "VOXGRAD_CONV");
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
