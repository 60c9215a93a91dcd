// There are no libraries on the emulated CUDA.
#include "cuda/libraries/conv.h"

#include "cuda/memory.h"

namespace voxgrad::cuda {

void drop_library_handles() {}

bool library_forward(const ConvGeometry&, const Tensor&, const Tensor&, const Epilogue&,
                     const Tensor&) {
  return false;
}
bool library_backward_data(const ConvGeometry&, const Tensor&, const Tensor&, const Epilogue&,
                           const Tensor&) {
  return false;
}
bool library_backward_weight(const ConvGeometry&, const Tensor&, const Tensor&, const Tensor&) {
  return false;
}

}  // namespace voxgrad::cuda
