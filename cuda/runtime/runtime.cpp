#include "cuda/runtime/runtime.h"

#include <mutex>
#include <vector>

#include "cuda/runtime/check.h"

namespace voxgrad::cuda {
namespace {

constexpr int kLeastCapability = 8;  // the kernels are built for 8.0 and newer

struct Found {
  int count = 0;
  std::string problem;
};

Found find_devices() {
  Found found;
  int present = 0;
  const cudaError_t status = cudaGetDeviceCount(&present);
  if (status != cudaSuccess) {
    cudaGetLastError();
    int driver = 0;  // stays 0 without one, which CUDA calls a version that is too old
    cudaDriverGetVersion(&driver);
    found.problem = driver == 0 ? "no NVIDIA driver found" : cudaGetErrorString(status);
    return found;
  }
  found.problem = "no device found";
  for (; found.count < present; ++found.count) {
    int major = 0;
    const cudaError_t asked =
        cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, found.count);
    if (asked != cudaSuccess) {
      cudaGetLastError();
      found.problem = concat("device ", found.count, ": ", cudaGetErrorString(asked));
      break;
    }
    if (major < kLeastCapability) {
      found.problem = concat("device ", found.count, " has compute capability ", major,
                             ".x, but 8.0 or newer is needed");
      break;
    }
  }
  return found;
}

const Found& devices() {
  static const Found found = find_devices();
  return found;
}

struct Streams {
  cudaStream_t work = nullptr, upload = nullptr;
};

// Never destroyed: tensors with static lifetime may be released after everything else.
Streams streams_of(int index) {
  static std::mutex mutex;
  static auto* const all = new std::vector<Streams>(std::size_t(device_count()));
  const std::lock_guard lock(mutex);
  Streams& streams = (*all)[std::size_t(index)];
  for (cudaStream_t* stream : {&streams.work, &streams.upload})
    if (*stream == nullptr)
      check_cuda(cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking), "cudaStreamCreate");
  return streams;
}

struct Current {
  int index = -1;
  Streams streams;
};
thread_local Current current;

}  // namespace

int device_count() {
  return devices().count;
}

const std::string& why_no_device() {
  return devices().problem;
}

void use_device(int index) {
  if (index == current.index) return;
  check<DeviceError>(index >= 0 && index < device_count(), "[device] cuda:", index,
                     " is not there: ", device_count(), " CUDA devices found");
  check_cuda(cudaSetDevice(index), "cudaSetDevice");
  current = {index, streams_of(index)};
}

int current_device() {
  if (current.index < 0) use_device(0);
  return current.index;
}

cudaStream_t current_stream() {
  current_device();
  return current.streams.work;
}

cudaStream_t upload_stream() {
  current_device();
  return current.streams.upload;
}

Event make_event(bool timing) {
  current_device();
  cudaEvent_t event = nullptr;
  check_cuda(cudaEventCreateWithFlags(&event, timing ? cudaEventDefault : cudaEventDisableTiming),
             "cudaEventCreate");
  return Event(event);
}

thread_local const OpScope* OpScope::current_ = nullptr;

void OpScope::enter() {
  for (int i = 0; i < count_; ++i) {
    if (!tensors_[i]->defined()) continue;
    const Device device = tensors_[i]->device();
    if (device.is_cuda()) use_device(device.index);
    break;
  }
  current_ = this;
}

std::string OpScope::message(const std::string& what) {
  if (current_ == nullptr) return "[cuda] " + what;
  std::string text = concat('[', current_->name_, "] ", what);
  const char* separator = ": ";
  for (int i = 0; i < current_->count_; ++i) {
    const Tensor& tensor = *current_->tensors_[i];
    if (!tensor.defined()) continue;
    text += concat(separator, tensor.dtype(), tensor.shape());
    separator = ", ";
  }
  return text;
}

void fail_cuda(cudaError_t status, const char* call) {
  cudaGetLastError();  // errors that do not last are forgotten here
  const char* note = "";
  switch (status) {
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorAssert:
      note = " (a kernel started earlier did this; compute-sanitizer finds it)";
      break;
    default:
      break;
  }
  fail<DeviceError>(OpScope::message(concat(call, " failed: ", cudaGetErrorString(status), note)));
}

}  // namespace voxgrad::cuda
