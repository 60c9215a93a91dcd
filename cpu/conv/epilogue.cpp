#include "cpu/conv/epilogue.h"

#include "cpu/row_blocks.h"
#include "cpu/vector_math.h"
#include "tensor/ops/convert_ops.h"

namespace voxgrad::cpu {
namespace {

template <class T, class S>
void apply(const Epilogue& epilogue, const T* sums, const RowBlocks& blocks, S* out) {
  const Tensor biases = blocks.repeat<T>([&](std::int64_t, std::int64_t c) {
    return epilogue.bias.defined() ? epilogue.bias.data<T>()[c] : T(0);
  });
  const T* const bias = biases.data<T>();
  dispatch_activation(epilogue.activation.kind, [&]<ActivationKind kind>() {
    const Activate<kind, T> activate{T(epilogue.activation.alpha)};
    blocks.for_each_wide_row([=](std::int64_t, std::int64_t begin, std::int64_t length) {
#pragma omp simd
      for (std::int64_t j = 0; j < length; ++j)
        out[begin + j] = store<S>(activate(sums[begin + j] + bias[j]));
    });
  });
}

}  // namespace

void apply_epilogue(const Epilogue& epilogue, const Tensor& sums, const Tensor& out) {
  const RowBlocks blocks(1, out.shape().rows(), out.shape()[-1]);
  dispatch_floating("conv", out.dtype(), [&]<class S>() {
    using T = Compute<S>;
    apply(epilogue, sums.data<T>(), blocks, out.data<S>());
  });
}

ConvProblem without_epilogue(const ConvProblem& problem) {
  ConvProblem result = problem;
  if (problem.has_epilogue() && problem.result == DType::bf16) result.result = DType::f32;
  result.bias = false;
  result.activation = {};
  return result;
}

}  // namespace voxgrad::cpu
