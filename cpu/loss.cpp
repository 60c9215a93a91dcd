// Losses over the functors of functors.h.
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

/// loss[0] = mean of term(p, t).
template <class T, class Term>
void mean_of(Term term, const Tensor& probability, const Tensor& target, const Tensor& loss) {
  const std::int64_t n = probability.numel();
  const T* const p = probability.data<T>();
  const T* const t = target.data<T>();
  const RowBlocks blocks(1, n, 1);
  const std::int64_t width = blocks.width;
  const Tensor total = blocks.sum_rows<1, double>(
      [=](std::int64_t, std::int64_t begin, std::int64_t end, double* sum) {
        for (std::int64_t row = begin; row < end; row += width)
          for (std::int64_t j = 0; j < std::min(width, end - row); ++j)
            sum[j] += double(term(p[row + j], t[row + j]));
      });
  loss.data<T>()[0] = T(total.item() / double(n));
}

void binary_cross_entropy(const Tensor& probability, const Tensor& target, const Tensor& loss) {
  dispatch_float("binary_cross_entropy", probability.dtype(), [&]<class T>() {
    mean_of<T>(functors::BinaryCrossEntropy<T>{}, probability, target, loss);
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

void focal(const Tensor& probability, const Tensor& target, double gamma, const Tensor& loss) {
  dispatch_float("focal", probability.dtype(), [&]<class T>() {
    mean_of<T>(functors::FocalLoss<T>{T(gamma)}, probability, target, loss);
  });
}

void focal_backward(const Tensor& probability, const Tensor& target, double gamma,
                    const Tensor& dloss, const Tensor& dprobability) {
  dispatch_float("focal_backward", probability.dtype(), [&]<class T>() {
    const std::int64_t n = probability.numel();
    const T* const p = probability.data<T>();
    const T* const t = target.data<T>();
    T* const out = dprobability.data<T>();
    const T scale = T(double(dloss.data<T>()[0]) / double(n));
    const functors::FocalLossSlope<T> slope{T(gamma)};
    for_each_stretch(n, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) out[i] = scale * slope(p[i], t[i]);
    });
  });
}

void dice(const Tensor& probability, const Tensor& target, double smoothing, const Tensor& sums,
          const Tensor& loss) {
  dispatch_float("dice", probability.dtype(), [&]<class T>() {
    const std::int64_t rows = probability.shape()[0], n = probability.numel() / rows;
    const T* const p = probability.data<T>();
    const T* const t = target.data<T>();
    const RowBlocks blocks(rows, n, 1);
    const std::int64_t width = blocks.width;
    const Tensor totals = blocks.sum_rows<2, double>(
        [=](std::int64_t, std::int64_t begin, std::int64_t end, double* sum) {
          for (std::int64_t row = begin; row < end; row += width)
            for (std::int64_t j = 0; j < std::min(width, end - row); ++j) {
              const double a = p[row + j], b = t[row + j];
              sum[j] += a * b;
              sum[width + j] += a + b;
            }
        });
    sums.copy_from(totals.reshape({rows, 2}));
    const double* const of_row = totals.data<double>();
    double total = 0;
    for (std::int64_t row = 0; row < rows; ++row)
      total += 1 - (2 * of_row[2 * row] + smoothing) / (of_row[2 * row + 1] + smoothing);
    loss.data<T>()[0] = T(total / double(rows));
  });
}

void dice_backward(const Tensor& target, double smoothing, const Tensor& sums, const Tensor& dloss,
                   const Tensor& dprobability) {
  dispatch_float("dice_backward", target.dtype(), [&]<class T>() {
    const std::int64_t rows = target.shape()[0], n = target.numel() / rows;
    const double* const of_row = sums.data<double>();
    const T* const t = target.data<T>();
    T* const out = dprobability.data<T>();
    const double scale = double(dloss.data<T>()[0]) / double(rows);
    for (std::int64_t row = 0; row < rows; ++row) {
      const double above = 2 * of_row[2 * row] + smoothing, below = of_row[2 * row + 1] + smoothing;
      const T full = T(scale * (above / below - 2) / below),
              empty = T(scale * above / below / below);
      const std::int64_t start = row * n;
      for_each_stretch(n, [=](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = start + begin; i < start + end; ++i)
          out[i] = empty + t[i] * (full - empty);
      });
    }
  });
}

}  // namespace

LossOps make_loss_ops() {
  return {binary_cross_entropy, binary_cross_entropy_backward, focal, focal_backward, dice,
          dice_backward};
}

}  // namespace voxgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu {

HWY_EXPORT(make_loss_ops);
const LossOps& loss_ops() {
  simd::limit_kernels();  // as this may be called before this file's static objects are made
  static const LossOps ops = HWY_DYNAMIC_DISPATCH(make_loss_ops)();
  return ops;
}

}  // namespace voxgrad::cpu
#endif
