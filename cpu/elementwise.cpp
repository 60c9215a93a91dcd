// Elementwise kernels: one parallel, vectorised loop each over the functors of functors.h.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/elementwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "cpu/vector_math.h"
#include "simd/simd.h"
#include "tensor/ops/convert_ops.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::HWY_NAMESPACE {
namespace {

/// y[i] = f(x[i]).
template <class S, class F>
void map(const Tensor& x, const Tensor& y, F f) {
  const S* const in = x.data<S>();
  S* const out = y.data<S>();
  for_each_stretch(y.numel(), [=](std::int64_t begin, std::int64_t end) HWY_ATTR {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) out[i] = store<S>(f(load(in[i])));
  });
}

/// y[i] = f(a[i], b[i]).
template <class S, class F>
void map(const Tensor& a, const Tensor& b, const Tensor& y, F f) {
  const S* const left = a.data<S>();
  const S* const right = b.data<S>();
  S* const out = y.data<S>();
  for_each_stretch(y.numel(), [=](std::int64_t begin, std::int64_t end) HWY_ATTR {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) out[i] = store<S>(f(load(left[i]), load(right[i])));
  });
}

void fill(const Tensor& y, double value) {
  dispatch_any(y.dtype(), [&]<class T>() {
    const T element = convert_value<T>(value);
    T* const out = y.data<T>();
    for_each_stretch(y.numel(), [=](std::int64_t begin, std::int64_t end)
                                    HWY_ATTR { std::fill(out + begin, out + end, element); });
  });
}

void convert(const Tensor& x, const Tensor& y) {
  dispatch_any(x.dtype(), [&]<class From>() {
    dispatch_any(y.dtype(), [&]<class To>() {
      const From* const in = x.data<From>();
      To* const out = y.data<To>();
      for_each_stretch(y.numel(), [=](std::int64_t begin, std::int64_t end) HWY_ATTR {
#pragma omp simd
        for (std::int64_t i = begin; i < end; ++i) out[i] = convert_value<To>(in[i]);
      });
    });
  });
}

void binary(BinaryKind kind, const Tensor& a, const Tensor& b, const Tensor& y) {
  dispatch_floating("binary", y.dtype(), [&]<class S>() {
    using T = Compute<S>;
    switch (kind) {
      case BinaryKind::add:
        return map<S>(a, b, y, [](T p, T q) { return p + q; });
      case BinaryKind::subtract:
        return map<S>(a, b, y, [](T p, T q) { return p - q; });
      case BinaryKind::multiply:
        return map<S>(a, b, y, [](T p, T q) { return p * q; });
      case BinaryKind::divide:
        return map<S>(a, b, y, [](T p, T q) { return p / q; });
    }
  });
}

void affine(const Tensor& x, double scale, double offset, const Tensor& y) {
  dispatch_floating("affine", y.dtype(), [&]<class S>() {
    using T = Compute<S>;
    map<S>(x, y, [s = T(scale), o = T(offset)](T v) { return s * v + o; });
  });
}

void accumulate(const Tensor& x, const Tensor& y) {
  if (y.dtype() == DType::i64)
    return map<std::int64_t>(y, x, y, [](std::int64_t p, std::int64_t q) { return p + q; });
  binary(BinaryKind::add, y, x, y);
}

void activation(Activation act, const Tensor& x, const Tensor& y) {
  dispatch_floating("activation", y.dtype(), [&]<class S>() {
    using T = Compute<S>;
    dispatch_activation(
        act.kind, [&]<ActivationKind kind>() { map<S>(x, y, Activate<kind, T>{T(act.alpha)}); });
  });
}

void activation_backward(Activation act, const Tensor& saved, const Tensor& dy, const Tensor& dx) {
  dispatch_floating("activation_backward", saved.dtype(), [&]<class S>() {
    using T = Compute<S>;
    dispatch_activation(act.kind, [&]<ActivationKind kind>() {
      const ActivationDerivative<kind, T> slope{T(act.alpha)};
      map<S>(saved, dy, dx, [=](T value, T gradient) { return gradient * slope(value); });
    });
  });
}

void clamp(const Tensor& x, double low, double high, const Tensor& y) {
  dispatch_floating("clamp", y.dtype(), [&]<class S>() {
    using T = Compute<S>;
    map<S>(x, y, functors::Clamp<T>{T(low), T(high)});
  });
}

void clamp_backward(const Tensor& x, double low, double high, const Tensor& dy, const Tensor& dx) {
  dispatch_floating("clamp_backward", x.dtype(), [&]<class S>() {
    using T = Compute<S>;
    const functors::ClampDerivative<T> slope{T(low), T(high)};
    map<S>(x, dy, dx, [=](T value, T gradient) { return gradient * slope(value); });
  });
}

}  // namespace

ElementwiseOps make_elementwise_ops() {
  return {fill,  convert,       binary, affine, accumulate, activation, activation_backward,
          clamp, clamp_backward};
}

}  // namespace voxgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu {

HWY_EXPORT(make_elementwise_ops);
const ElementwiseOps& elementwise_ops() {
  simd::limit_kernels();  // as this may be called before this file's static objects are made
  static const ElementwiseOps ops = HWY_DYNAMIC_DISPATCH(make_elementwise_ops)();
  return ops;
}

}  // namespace voxgrad::cpu
#endif
