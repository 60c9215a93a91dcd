// There are no libraries on the emulated CUDA.
#include "cuda/libraries/conv.h"

namespace voxgrad::cuda {

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
