// Binary cross-entropy over the functors of functors.h.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/loss.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "cpu/row_blocks.h"
#include "simd/simd.h"
#include "tensor/ops/functors.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::HWY_NAMESPACE {
namespace {

void binary_cross_entropy(const Tensor& probability, const Tensor& target, const Tensor& loss) {
  dispatch_float("binary_cross_entropy", probability.dtype(), [&]<class T>() {
    const std::int64_t n = probability.numel();
    const T* const p = probability.data<T>();
    const T* const t = target.data<T>();
    const functors::BinaryCrossEntropy<T> entropy;
    const RowBlocks blocks(1, n, 1);
    const std::int64_t width = blocks.width;
    const Tensor total = blocks.sum_rows<1, double>(
        [=](std::int64_t, std::int64_t begin, std::int64_t end, double* sum) {
          for (std::int64_t row = begin; row < end; row += width)
            for (std::int64_t j = 0; j < std::min(width, end - row); ++j)
              sum[j] += double(entropy(p[row + j], t[row + j]));
        });
    loss.data<T>()[0] = T(total.item() / double(n));
  });
}

void binary_cross_entropy_backward(const Tensor& probability, const Tensor& target,
                                   const Tensor& dloss, const Tensor& dprobability) {
  dispatch_float("binary_cross_entropy_backward", probability.dtype(), [&]<class T>() {
    const std::int64_t n = probability.numel();
    const T* const p = probability.data<T>();
    const T* const t = target.data<T>();
    T* const out = dprobability.data<T>();
    const T scale = T(double(dloss.data<T>()[0]) / double(n));
    const functors::BinaryCrossEntropySlope<T> slope;
    for_each_stretch(n, [=](std::int64_t begin, std::int64_t end) HWY_ATTR {
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) out[i] = scale * slope(p[i], t[i]);
    });
  });
}

}  // namespace

LossOps make_loss_ops() {
  return {binary_cross_entropy, binary_cross_entropy_backward};
}

}  // namespace voxgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu {

HWY_EXPORT(make_loss_ops);
const LossOps& loss_ops() {
  static const LossOps ops = HWY_DYNAMIC_DISPATCH(make_loss_ops)();
  return ops;
}

}  // namespace voxgrad::cpu
#endif
