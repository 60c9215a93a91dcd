// Which algorithm computes which convolution on the CPU. To add one: a file here and a row below.
//
// f32 has our own kernels where they are faster than oneDNN's, which has the rest and bf16; f64 has
// the tiled loops, which also take what oneDNN has nothing but reference code for. Figures:
// docs/performance.md.
#include "cpu/conv/epilogue.h"
#include "cpu/conv/linear.h"
#include "cpu/conv/reference.h"
#include "cpu/conv/single_channel.h"
#include "cpu/conv/small_channels.h"
#include "cpu/conv/tiled.h"
#include "cpu/conv/weight_bound.h"
#include "cpu/conv/winograd.h"
#include "cpu/kernels.h"
#include "cpu/onednn/onednn.h"
#include "tensor/ops/conv_table.h"
#include "tensor/ops/packed_weights.h"

namespace voxgrad::cpu {
namespace {

using Problem = ConvProblem;
using Operands = ConvOperands;

bool is_f32(const Problem& problem) {
  return problem.factors == DType::f32 && problem.result == DType::f32;
}

/// run() has no epilogue of its own.
template <void (*run)(const Problem&, const Operands&)>
bool with_epilogue(const Problem& problem, const Operands& operands) {
  then_epilogue(problem, operands, run);
  return true;
}

void run_weight_bound(const Problem& p, const Operands& o) {
  if (p.direction == ConvDirection::forward)
    return weight_bound::forward(p.geometry, o.x, o.w, o.y);
  if (p.direction == ConvDirection::backward_data)
    return weight_bound::backward_data(p.geometry, o.y, o.w, o.x);
  weight_bound::backward_weight(p.geometry, o.x, o.y, o.w);
}

void run_linear(const Problem& p, const Operands& o) {
  if (p.direction == ConvDirection::forward) return linear::forward(p.geometry, o.x, o.w, o.y);
  if (p.direction == ConvDirection::backward_data)
    return linear::backward_data(p.geometry, o.y, o.w, o.x);
  linear::backward_weight(p.geometry, o.x, o.y, o.w);
}

void run_small_channels(const Problem& p, const Operands& o) {
  small_channels::forward(p.geometry, o.x, o.w, o.y);
}

void run_single_channel(const Problem& p, const Operands& o) {
  single_channel::backward_data(p.geometry, o.y, o.w, o.x);
}

/// oneDNN has the epilogue of forward alone.
Problem onednn_part(const Problem& problem) {
  return problem.is_forward() ? problem : without_epilogue(problem);
}

bool run_onednn(const Problem& p, const Operands& o) {
  if (p.is_forward())
    onednn::convolve(p, o);
  else
    then_epilogue(p, o, onednn::convolve);
  return true;
}

bool run_widened(const Problem& problem, const Operands& operands);

constexpr ConvAlgorithm kAlgorithms[] = {
    {.name = "weight_bound",
     .supports = [](const Problem& p) { return is_f32(p) && weight_bound::supports(p.geometry); },
     .preferred = [](const Problem& p, bool) { return weight_bound::preferred(p.geometry); },
     .run = with_epilogue<run_weight_bound>},
    {.name = "linear",
     .supports = [](const Problem& p) { return is_f32(p) && linear::supports(p.geometry); },
     .preferred = [](const Problem&, bool) { return true; },
     .run = with_epilogue<run_linear>},
    {.name = "small_channels",
     .supports =
         [](const Problem& p) {
           return is_f32(p) && p.is_forward() && small_channels::supports(p.geometry);
         },
     .preferred = [](const Problem& p, bool) { return small_channels::preferred(p.geometry); },
     .run = with_epilogue<run_small_channels>},
    {.name = "single_channel",
     .supports =
         [](const Problem& p) {
           return is_f32(p) && p.direction == ConvDirection::backward_data &&
                  single_channel::supports(p.geometry);
         },
     .preferred = [](const Problem& p, bool) { return single_channel::preferred(p.geometry); },
     .run = with_epilogue<run_single_channel>},
    {.name = "winograd",
     .supports = winograd::supports,
     .preferred = winograd::preferred,
     .run =
         [](const Problem& p, const Operands& o) {
           winograd::convolve(p, o);
           return true;
         }},
    {.name = "onednn",
     .supports = [](const Problem& p) { return onednn::supports(onednn_part(p)); },
     .preferred = [](const Problem&, bool) { return true; },
     .run = run_onednn},
    {.name = "widened",  // bf16 where the processor has no instructions for it: in f32
     .supports = [](const Problem& p) { return p.factors == DType::bf16; },
     .preferred = [](const Problem&, bool) { return true; },
     .run = run_widened},
    {.name = "tiled",
     .supports = [](const Problem& p) { return is_f32(p) || p.factors == DType::f64; },
     .preferred = [](const Problem&, bool) { return true; },
     .run =
         [](const Problem& p, const Operands& o) {
           tiled::convolve(p, o);
           return true;
         }},
    {.name = "reference",  // the definition, for reading and for comparisons
     .supports = [](const Problem&) { return true; },
     .preferred = [](const Problem&, bool) { return false; },
     .run = with_epilogue<reference::convolve>},
};

ConvTable& table() {
  static ConvTable instance(kAlgorithms);
  return instance;
}

bool run_widened(const Problem& problem, const Operands& operands) {
  const Tensor& result = operands.result(problem.direction);
  const auto widened = [&](const Tensor& tensor) {
    const bool written = &tensor == &result;
    return written && tensor.dtype() != DType::f32 ? Tensor(tensor.shape()) : tensor.to(DType::f32);
  };
  const auto widened_weight = [&] { return widened(operands.w); };
  Operands wide{widened(operands.x),
                operands.packed ? operands.packed->get("f32", widened_weight) : widened_weight(),
                widened(operands.y), operands.epilogue, operands.packed};
  Problem in_f32 = problem;
  in_f32.factors = in_f32.result = DType::f32;
  table().run(in_f32, wide);
  if (problem.result != DType::f32)
    elementwise_ops().convert(wide.result(problem.direction), result);
  return true;
}

}  // namespace

const ConvOps& conv_ops() {
  static const ConvOps ops{
      .run = [](const Problem& problem,
                const Operands& operands) { table().run(problem, operands); },
      .table = table,
  };
  return ops;
}

}  // namespace voxgrad::cpu
