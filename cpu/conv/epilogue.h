// The epilogue of a convolution, for algorithms that have none of their own.
#pragma once

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cpu {

/// out = act(sums + bias). sums: f32 or f64, may be out; out: of the same dtype, or bf16.
void apply_epilogue(const Epilogue& epilogue, const Tensor& sums, const Tensor& out);

/// The problem without its epilogue. A bf16 result that has one to come is summed in f32.
ConvProblem without_epilogue(const ConvProblem& problem);

/// run() computes the problem without its epilogue, which is then applied.
template <class Run>
void then_epilogue(const ConvProblem& problem, const ConvOperands& operands, const Run& run) {
  if (!problem.has_epilogue()) return run(problem, operands);
  const ConvProblem plain = without_epilogue(problem);
  const Tensor& result = operands.result(problem.direction);
  ConvOperands sums = operands;
  sums.epilogue = {};
  if (plain.result != problem.result)
    sums.result(problem.direction) = Tensor(result.shape(), plain.result);
  run(plain, sums);
  apply_epilogue(operands.epilogue, sums.result(problem.direction), result);
}

}  // namespace voxgrad::cpu
