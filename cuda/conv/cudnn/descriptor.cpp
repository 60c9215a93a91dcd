#include "cuda/conv/cudnn/descriptor.h"

namespace voxgrad::cuda::cudnn {

void require(cudnnStatus_t status, const char* what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char text[512] = "";
  cudnnGetLastErrorString(text, sizeof text);
  fail<Refused>(what, ": ", cudnnGetErrorString(status), text[0] ? ": " : "", text);
}

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
  require(cudnnBackendCreateDescriptor(type, &handle_), "create descriptor");
}

Descriptor::~Descriptor() {
  if (handle_) cudnnBackendDestroyDescriptor(handle_);
}

}  // namespace voxgrad::cuda::cudnn
