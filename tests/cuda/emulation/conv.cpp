// There are no libraries on the emulated CUDA.
#include "cuda/conv/cudnn/conv.h"

#include "cuda/runtime/memory.h"
#include "tests/cuda/emulation/libraries.h"

namespace voxgrad {
namespace {

int calls = 0;

bool refuse() {
  ++calls;
  return false;
}

}  // namespace

int emulation::library_calls() {
  return calls;
}

namespace cuda {

void drop_library_handles() {}

bool library_forward(const ConvGeometry&, const Tensor&, const Tensor&, const Epilogue&,
                     const Tensor&) {
  return refuse();
}
bool library_backward_data(const ConvGeometry&, const Tensor&, const Tensor&, const Epilogue&,
                           const Tensor&) {
  return refuse();
}
bool library_backward_weight(const ConvGeometry&, const Tensor&, const Tensor&, const Tensor&) {
  return refuse();
}

}  // namespace cuda
}  // namespace voxgrad
