// Sums over blocks of a fixed size, whose results are added in order and in double.
#include <bit>
#include <cmath>

#include "cpu/kernels.h"
#include "cpu/row_blocks.h"
#include "tensor/ops/convert_ops.h"

namespace voxgrad::cpu {
namespace {

void column_sums(const Tensor& x, const Tensor& y) {
  dispatch_floating("column_sums", x.dtype(), [&]<class S>() {
    using T = Compute<S>;
    const std::int64_t channels = y.numel();
    const S* const in = x.data<S>();
    const RowBlocks blocks(1, x.numel() / channels, channels);
    const Tensor sums =
        blocks.sum_rows<1, T>([=](std::int64_t, std::int64_t begin, std::int64_t length, T* sum) {
#pragma omp simd
          for (std::int64_t j = 0; j < length; ++j) sum[j] += load(in[begin + j]);
        });
    for (std::int64_t c = 0; c < channels; ++c) y.data<T>()[c] = T(sums.data<double>()[c]);
  });
}

void sum(const Tensor& x, const Tensor& y) {
  column_sums(x, y);
}

void spread(const Tensor& x, const Tensor& y) {
  elementwise_ops.fill(y, x.item());
}

template <class S>
bool all_finite_typed(const S* x, std::int64_t n) {
  using T = Compute<S>;
  // Multiplying by zero turns infinities and NaNs into NaN, and leaves zero of all else.
  T probe = 0;
#pragma omp parallel for simd schedule(static) reduction(+ : probe) if (parallel : n >= serial_limit)
  for (std::int64_t i = 0; i < n; ++i) probe += load(x[i]) * T(0);
  return probe == T(0);
}

bool all_finite(const Tensor& x) {
  return dispatch_floating("all_finite", x.dtype(),
                           [&]<class S>() { return all_finite_typed(x.data<S>(), x.numel()); });
}

void flag_non_finite(std::span<const Tensor> tensors, const Tensor& flag) {
  for (const Tensor& tensor : tensors)
    if (!all_finite(tensor)) *flag.data<float>() = 1;
}

}  // namespace

const ReduceOps reduce_ops{sum, spread, column_sums, all_finite, flag_non_finite};

}  // namespace voxgrad::cpu
