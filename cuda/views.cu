// Softmax over views and the weighted sum of views: one thread per voxel, which walks over the
// views.
#include "cuda/kernels.h"
#include "cuda/runtime/launch.cuh"

namespace voxgrad::cuda {
namespace {

template <class T>
__global__ void softmax_kernel(std::int64_t views, std::int64_t n, const T* x, T* y) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
    T highest = x[i];
    for (std::int64_t v = 1; v < views; ++v)
      highest = highest < x[v * n + i] ? x[v * n + i] : highest;
    T total = 0;
    for (std::int64_t v = 0; v < views; ++v) {
      const T value = std::exp(x[v * n + i] - highest);
      y[v * n + i] = value;
      total += value;
    }
    for (std::int64_t v = 0; v < views; ++v) y[v * n + i] /= total;
  }
}

template <class T>
__global__ void softmax_backward_kernel(std::int64_t views, std::int64_t n, const T* y, const T* dy,
                                        T* dx) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
    T mean = 0;
    for (std::int64_t v = 0; v < views; ++v) mean += y[v * n + i] * dy[v * n + i];
    for (std::int64_t v = 0; v < views; ++v) dx[v * n + i] = y[v * n + i] * (dy[v * n + i] - mean);
  }
}

template <class T>
__global__ void weighted_sum_kernel(std::int64_t views, std::int64_t n, const T* w, const T* x,
                                    T* y) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
    T total = 0;
    for (std::int64_t v = 0; v < views; ++v) total += w[v * n + i] * x[v * n + i];
    y[i] = total;
  }
}

/// dw and dx; either may be null.
template <class T>
__global__ void weighted_sum_backward_kernel(std::int64_t views, std::int64_t n, const T* w,
                                             const T* x, const T* dy, T* dw, T* dx) {
  for (std::int64_t i = thread_index(); i < views * n; i += thread_count()) {
    const T gradient = dy[i % n];
    if (dw) dw[i] = gradient * x[i];
    if (dx) dx[i] = gradient * w[i];
  }
}

void softmax(const Tensor& x, const Tensor& y) {
  const OpScope op("softmax", x, y);
  dispatch_float("softmax", x.dtype(), [&]<class T>() {
    const std::int64_t views = x.shape()[0], n = x.numel() / views;
    launch(softmax_kernel<T>, blocks_for(n), kThreads, 0, views, n, x.data<T>(), y.data<T>());
  });
}

void softmax_backward(const Tensor& y, const Tensor& dy, const Tensor& dx) {
  const OpScope op("softmax_backward", y, dy, dx);
  dispatch_float("softmax_backward", y.dtype(), [&]<class T>() {
    const std::int64_t views = y.shape()[0], n = y.numel() / views;
    launch(softmax_backward_kernel<T>, blocks_for(n), kThreads, 0, views, n, y.data<T>(),
           dy.data<T>(), dx.data<T>());
  });
}

void weighted_sum(const Tensor& w, const Tensor& x, const Tensor& y) {
  const OpScope op("weighted_sum", w, x, y);
  dispatch_float("weighted_sum", x.dtype(), [&]<class T>() {
    const std::int64_t views = x.shape()[0], n = x.numel() / views;
    launch(weighted_sum_kernel<T>, blocks_for(n), kThreads, 0, views, n, w.data<T>(), x.data<T>(),
           y.data<T>());
  });
}

void weighted_sum_backward(const Tensor& w, const Tensor& x, const Tensor& dy, const Tensor& dw,
                           const Tensor& dx) {
  const OpScope op("weighted_sum_backward", w, x, dy, dw, dx);
  dispatch_float("weighted_sum_backward", dy.dtype(), [&]<class T>() {
    const std::int64_t n = dy.numel(), views = x.numel() / n;
    launch(weighted_sum_backward_kernel<T>, blocks_for(x.numel()), kThreads, 0, views, n,
           w.data<T>(), x.data<T>(), dy.data<T>(), dw.defined() ? dw.data<T>() : nullptr,
           dx.defined() ? dx.data<T>() : nullptr);
  });
}

}  // namespace

const ViewOps view_ops{softmax, softmax_backward, weighted_sum, weighted_sum_backward};

}  // namespace voxgrad::cuda
