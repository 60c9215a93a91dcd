// Binary cross-entropy over the functors of functors.h.
#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "cpu/row_blocks.h"
#include "tensor/ops/functors.h"

namespace voxgrad::cpu {
namespace {

void binary_cross_entropy(const Tensor& probability, const Tensor& target, const Tensor& loss) {
  dispatch_float("binary_cross_entropy", probability.dtype(), [&]<class T>() {
    const std::int64_t n = probability.numel();
    const T* const p = probability.data<T>();
    const T* const t = target.data<T>();
    const functors::BinaryCrossEntropy<T> entropy;
    const Tensor total = RowBlocks(1, n, 1).sum_rows<1, double>(
        [=](std::int64_t, std::int64_t begin, std::int64_t length, double* sum) {
          for (std::int64_t j = 0; j < length; ++j)
            sum[j] += double(entropy(p[begin + j], t[begin + j]));
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
    for_each_index(n, [=](std::int64_t i) { out[i] = scale * slope(p[i], t[i]); });
  });
}

}  // namespace

const LossOps loss_ops{binary_cross_entropy, binary_cross_entropy_backward};

}  // namespace voxgrad::cpu
