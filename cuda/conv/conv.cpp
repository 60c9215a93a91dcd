// Which algorithm computes which convolution on a GPU: our kernels for few channels where there is
// one (on tensor cores first, else unless a library's tensor cores may be better), else a library,
// else our own again. To add one: a file here and a row below.
#include "cuda/conv/cudnn/conv.h"

#include "cuda/conv/linear.h"
#include "cuda/conv/reference.h"
#include "cuda/conv/small_channels/small_channels.h"
#include "cuda/conv/tensor_core/plane_sweep.h"
#include "cuda/kernels.h"
#include "cuda/runtime/check.h"
#include "tensor/ops/conv_table.h"

namespace voxgrad::cuda {
namespace {

using Problem = ConvProblem;
using Operands = ConvOperands;

/// Unmeasured: benchmark_conv_layers decides. The ordinary multiply-adds of our kernels alone must
/// take 143 to 272 us at batch 64 in merger.layer1 and 2, refiner.layer1 and decoder.layer4, which
/// have 2048 and more per input pixel, and at most 60 us in all other layers, which have 864 at
/// most (docs/gpu.md). There tensor cores, where they may be used, have most to save: those of
/// plane_sweep.h in bf16, in the directions that it has, else cuDNN's.
bool better_on_tensor_cores(const Problem& problem) {
  const ConvGeometry& g = problem.geometry;
  if (problem.factors != DType::bf16 && g.precision != Precision::tf32) return false;
  const std::int64_t volume = g.kernel_volume() / (g.stride[0] * g.stride[1] * g.stride[2]);
  return g.in_channels * g.out_channels * volume > 1024;
}

template <void (*convolve)(const Problem&, const Operands&)>
bool always(const Problem& problem, const Operands& operands) {
  convolve(problem, operands);
  return true;
}

constexpr bool yes(const Problem&, bool) {
  return true;
}

constexpr ConvAlgorithm kAlgorithms[] = {
    {.name = "plane_sweep",
     .supports = plane_sweep::supports,
     .preferred = yes,
     .run = always<plane_sweep::convolve>},
    {.name = "small_channels",
     .supports = small_channels::supports,
     .preferred = [](const Problem& p, bool) { return !better_on_tensor_cores(p); },
     .run = always<small_channels::convolve>},
    {.name = "cublas",
     .supports = [](const Problem& p) { return p.geometry.spatial_rank == 0; },
     .preferred = yes,
     .run = linear::convolve},
    {.name = "cudnn", .supports = cudnn::supports, .preferred = yes, .run = cudnn::convolve},
    {.name = "reference",  // the definition: for reading, for comparisons, and for what is left
     .supports = [](const Problem&) { return true; },
     .preferred = [](const Problem&, bool) { return false; },
     .run = always<reference::convolve>},
};

ConvTable& table() {
  static ConvTable instance(kAlgorithms);
  return instance;
}

const char* scope_of(ConvDirection direction) {
  constexpr const char* names[] = {"conv forward", "conv backward_data", "conv backward_weight"};
  return names[int(direction)];
}

}  // namespace

const ConvOps conv_ops{
    .run =
        [](const Problem& problem, const Operands& operands) {
          const OpScope op(scope_of(problem.direction), operands.x, operands.w, operands.y);
          table().run(problem, operands);
        },
    .table = table,
};

}  // namespace voxgrad::cuda
