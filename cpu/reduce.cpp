// Sums over blocks of a fixed size, whose results are added in order and in double.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/reduce.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <atomic>

#include "cpu/kernels.h"
#include "cpu/row_blocks.h"
#include "simd/simd.h"
#include "tensor/ops/convert_ops.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::HWY_NAMESPACE {
namespace {

void column_sums(const Tensor& x, const Tensor& y) {
  dispatch_floating("column_sums", x.dtype(), [&]<class S>() {
    using T = Compute<S>;
    const std::int64_t channels = y.numel();
    const S* const in = x.data<S>();
    const RowBlocks blocks(1, x.numel() / channels, channels);
    const Tensor sums =
        blocks.sum_rows<1, T>([=, width = blocks.width](std::int64_t, std::int64_t begin,
                                                        std::int64_t end, T* sum) HWY_ATTR {
          for (std::int64_t row = begin; row < end; row += width) {
            const std::int64_t length = std::min(width, end - row);
#pragma omp simd
            for (std::int64_t j = 0; j < length; ++j) sum[j] += load(in[row + j]);
          }
        });
    for (std::int64_t c = 0; c < channels; ++c) y.data<T>()[c] = T(sums.data<double>()[c]);
  });
}

void sum(const Tensor& x, const Tensor& y) {
  column_sums(x, y);
}

void broadcast(const Tensor& x, const Tensor& y) {
  elementwise_ops().fill(y, x.item());
}

template <class S>
bool all_finite_typed(const S* x, std::int64_t n) {
  using T = Compute<S>;
  // Multiplying by zero turns infinities and NaNs into NaN, and leaves zero of all else.
  std::atomic<bool> finite = true;
  for_each_stretch(n, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
    T probe = 0;
#pragma omp simd reduction(+ : probe)
    for (std::int64_t i = begin; i < end; ++i) probe += load(x[i]) * T(0);
    if (probe != T(0)) finite = false;
  });
  return finite;
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

ReduceOps make_reduce_ops() {
  return {sum, broadcast, column_sums, all_finite, flag_non_finite};
}

}  // namespace voxgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu {

HWY_EXPORT(make_reduce_ops);
const ReduceOps& reduce_ops() {
  simd::limit_kernels();  // as this may be called before this file's static objects are made
  static const ReduceOps ops = HWY_DYNAMIC_DISPATCH(make_reduce_ops)();
  return ops;
}

}  // namespace voxgrad::cpu
#endif
