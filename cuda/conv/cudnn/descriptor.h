// Backend descriptors, of which cuDNN's graph API is made: an object of some type is created, given
// attributes, and finalised.
#pragma once

#include <cudnn.h>

#include <cstdint>
#include <utility>

#include "tensor/error.h"

namespace voxgrad::cuda::cudnn {

/// Where cuDNN refuses a call while a graph, plan or pack of arguments is built, or refuses to run
/// it: the reason.
struct Refused : Error {
  using Error::Error;
};

/// Refused("what: reason") unless the status is good.
void require(cudnnStatus_t status, const char* what);

/// A finalised or unfinished backend descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(cudnnBackendDescriptorType_t type);
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  cudnnBackendDescriptor_t get() const { return handle_; }

 private:
  cudnnBackendDescriptor_t handle_ = nullptr;
};

template <class T>
void set(const Descriptor& descriptor, cudnnBackendAttributeName_t name,
         cudnnBackendAttributeType_t type, const T* values, std::int64_t count) {
  require(cudnnBackendSetAttribute(descriptor.get(), name, type, count, values), "set attribute");
}

template <class T>
void set(const Descriptor& descriptor, cudnnBackendAttributeName_t name,
         cudnnBackendAttributeType_t type, const T& value) {
  set(descriptor, name, type, &value, 1);
}

inline void set(const Descriptor& descriptor, cudnnBackendAttributeName_t name,
                const Descriptor& part) {
  set(descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, part.get());
}

inline void finalize(const Descriptor& descriptor, const char* what) {
  require(cudnnBackendFinalize(descriptor.get()), what);
}

}  // namespace voxgrad::cuda::cudnn
