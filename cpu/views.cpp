// Softmax over views and the weighted sum of views.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/views.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::HWY_NAMESPACE {
namespace {

void softmax(const Tensor& x, const Tensor& y) {
  dispatch_float("softmax", x.dtype(), [&]<class T>() {
    const std::int64_t views = x.shape()[0];
    const std::int64_t n = x.numel() / views;
    const T* const in = x.data<T>();
    T* const out = y.data<T>();
    for_each_task(n, views, [=](std::int64_t i) {
      T highest = in[i];
      for (std::int64_t v = 1; v < views; ++v) highest = std::max(highest, in[v * n + i]);
      T total = 0;
      for (std::int64_t v = 0; v < views; ++v) {
        const T value = std::exp(in[v * n + i] - highest);
        out[v * n + i] = value;
        total += value;
      }
      for (std::int64_t v = 0; v < views; ++v) out[v * n + i] /= total;
    });
  });
}

void softmax_backward(const Tensor& y, const Tensor& dy, const Tensor& dx) {
  dispatch_float("softmax_backward", y.dtype(), [&]<class T>() {
    const std::int64_t views = y.shape()[0];
    const std::int64_t n = y.numel() / views;
    const T* const value = y.data<T>();
    const T* const gradient = dy.data<T>();
    T* const out = dx.data<T>();
    for_each_stretch(n, [=](std::int64_t begin, std::int64_t end) HWY_ATTR {
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) {
        T mean = 0;
        for (std::int64_t v = 0; v < views; ++v) mean += value[v * n + i] * gradient[v * n + i];
        for (std::int64_t v = 0; v < views; ++v)
          out[v * n + i] = value[v * n + i] * (gradient[v * n + i] - mean);
      }
    });
  });
}

void weighted_sum(const Tensor& w, const Tensor& x, const Tensor& y) {
  dispatch_float("weighted_sum", x.dtype(), [&]<class T>() {
    const std::int64_t views = x.shape()[0];
    const std::int64_t n = x.numel() / views;
    const T* const weight = w.data<T>();
    const T* const in = x.data<T>();
    T* const out = y.data<T>();
    for_each_stretch(n, [=](std::int64_t begin, std::int64_t end) HWY_ATTR {
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) {
        T total = 0;
        for (std::int64_t v = 0; v < views; ++v) total += weight[v * n + i] * in[v * n + i];
        out[i] = total;
      }
    });
  });
}

/// out[v,i] = gradient[i] * other[v,i].
template <class T>
void scale_views(const Tensor& gradient, const Tensor& other, const Tensor& out) {
  const std::int64_t n = gradient.numel();
  const T* const scale = gradient.data<T>();
  for (std::int64_t v = 0; v < other.shape()[0]; ++v) {
    const T* const in = other.data<T>() + v * n;
    T* const result = out.data<T>() + v * n;
    for_each_stretch(n, [=](std::int64_t begin, std::int64_t end) HWY_ATTR {
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) result[i] = scale[i] * in[i];
    });
  }
}

void weighted_sum_backward(const Tensor& w, const Tensor& x, const Tensor& dy, const Tensor& dw,
                           const Tensor& dx) {
  dispatch_float("weighted_sum_backward", dy.dtype(), [&]<class T>() {
    if (dw.defined()) scale_views<T>(dy, x, dw);
    if (dx.defined()) scale_views<T>(dy, w, dx);
  });
}

}  // namespace

ViewOps make_view_ops() {
  return {softmax, softmax_backward, weighted_sum, weighted_sum_backward};
}

}  // namespace voxgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu {

HWY_EXPORT(make_view_ops);
const ViewOps& view_ops() {
  simd::limit_kernels();  // as this may be called before this file's static objects are made
  static const ViewOps ops = HWY_DYNAMIC_DISPATCH(make_view_ops)();
  return ops;
}

}  // namespace voxgrad::cpu
#endif
