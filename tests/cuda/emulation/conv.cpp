// There are no libraries on the emulated CUDA.
#include "cuda/conv/cudnn/conv.h"

#include "cuda/conv/linear.h"
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

bool cudnn::supports(const ConvProblem& problem) {
  return problem.geometry.spatial_rank != 0;
}

bool cudnn::convolve(const ConvProblem&, const ConvOperands&) {
  return refuse();
}

bool linear::convolve(const ConvProblem&, const ConvOperands&) {
  return refuse();
}

}  // namespace cuda
}  // namespace voxgrad
