// Sums, in double, over blocks of a fixed size whose results are added in order.
#include <bit>
#include <cmath>

#include "cpu/kernels.h"
#include "cpu/row_blocks.h"

namespace voxgrad::cpu {
namespace {

void column_sums(const Tensor& x, const Tensor& y) {
  dispatch_float("column_sums", x.dtype(), [&]<class T>() {
    const std::int64_t channels = y.numel();
    const T* const in = x.data<T>();
    const RowBlocks blocks(1, x.numel() / channels, channels);
    const Tensor sums =
        blocks.sum_rows<1>([=](std::int64_t, std::int64_t begin, std::int64_t length, double* sum) {
#pragma omp simd
          for (std::int64_t j = 0; j < length; ++j) sum[j] += double(in[begin + j]);
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

template <class T>
bool all_finite_typed(const T* x, std::int64_t n) {
  // Multiplying by zero turns infinities and NaNs into NaN, and leaves zero of all else.
  T probe = 0;
#pragma omp parallel for simd schedule(static) reduction(+ : probe) if (parallel : n >= serial_limit)
  for (std::int64_t i = 0; i < n; ++i) probe += x[i] * T(0);
  return probe == T(0);
}

bool all_finite(const Tensor& x) {
  return dispatch_float("all_finite", x.dtype(),
                        [&]<class T>() { return all_finite_typed(x.data<T>(), x.numel()); });
}

}  // namespace

const ReduceOps reduce_ops{sum, spread, column_sums, all_finite};

}  // namespace voxgrad::cpu
