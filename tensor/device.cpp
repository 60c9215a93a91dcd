#include "tensor/device.h"

#include <charconv>

#include "tensor/error.h"
#include "tensor/ops/backend.h"

namespace voxgrad {

Device Device::parse(const std::string& text) {
  if (text == "cpu") return cpu();
  if (text == "auto") return cuda_device_count() > 0 ? cuda() : cpu();
  if (text == "cuda" || text.starts_with("cuda:")) {
    int index = 0;
    if (text.size() > 4) {
      const char* end = text.data() + text.size();
      const auto [stop, error] = std::from_chars(text.data() + 5, end, index);
      check<ConfigError>(error == std::errc{} && stop == end && index >= 0, "[device] '", text,
                         "' has no device number: write cuda:0");
    }
    const int count = cuda_device_count();  // DeviceError from backend() if built without CUDA
    if (count <= index) {
      backend(cuda(index));
      fail<DeviceError>("[device] ", text, " is not there: ", count,
                        " CUDA devices found. Use --device cpu, or auto");
    }
    return cuda(index);
  }
  fail<ConfigError>("[device] unknown device '", text, "': use auto, cpu, cuda or cuda:N");
}

std::ostream& operator<<(std::ostream& out, Device device) {
  if (device.is_cuda()) return out << "cuda:" << device.index;
  return out << "cpu";
}

}  // namespace voxgrad
