// Elementwise kernels over the functors of functors.h. A thread takes a pack of neighbours at a
// time; what is left at the end goes one by one.
#include "cuda/kernels.h"
#include "cuda/runtime/launch.cuh"
#include "cuda/runtime/packs.h"
#include "tensor/ops/functors.h"

namespace voxgrad::cuda {
namespace {

/// y[i] = f(x[i]), with elements as they are in memory.
template <int V, class X, class Y, class F>
__global__ void map_one(std::int64_t n, bool packed, F f, const X* x, Y* y) {
  const std::int64_t whole = n / V * V;
  for (std::int64_t i = thread_index() * V; i < whole; i += thread_count() * V) {
    const Pack<X, V> in = load_pack<V>(x + i, packed);
    Pack<Y, V> out;
#pragma unroll
    for (int j = 0; j < V; ++j) out.element[j] = f(in.element[j]);
    store_pack(y + i, out, packed);
  }
  const std::int64_t rest = whole + thread_index();
  if (rest < n) y[rest] = f(x[rest]);
}

/// y[i] = f(a[i], b[i]).
template <int V, class T, class F>
__global__ void map_two(std::int64_t n, bool packed, F f, const T* a, const T* b, T* y) {
  const std::int64_t whole = n / V * V;
  for (std::int64_t i = thread_index() * V; i < whole; i += thread_count() * V) {
    const Pack<T, V> left = load_pack<V>(a + i, packed);
    const Pack<T, V> right = load_pack<V>(b + i, packed);
    Pack<T, V> out;
#pragma unroll
    for (int j = 0; j < V; ++j) out.element[j] = f(left.element[j], right.element[j]);
    store_pack(y + i, out, packed);
  }
  const std::int64_t rest = whole + thread_index();
  if (rest < n) y[rest] = f(a[rest], b[rest]);
}

template <class T>
__global__ void fill_kernel(std::int64_t n, T value, T* y) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) y[i] = value;
}

/// f computes in f32 for bf16.
template <class T, class F>
struct Widened {
  F f;
  __device__ T operator()(T x) const { return convert_value<T>(f(convert_value<Compute<T>>(x))); }
  __device__ T operator()(T a, T b) const {
    return convert_value<T>(f(convert_value<Compute<T>>(a), convert_value<Compute<T>>(b)));
  }
};

template <int V, class X, class Y, class F>
void run_one(const X* x, Y* y, std::int64_t n, F f) {
  launch(map_one<V, X, Y, F>, blocks_for(divide_up(n, V)), kThreads, 0, n,
         packable<X, V>(x) && packable<Y, V>(y), f, x, y);
}

template <class T, class F>
void map(const Tensor& x, const Tensor& y, F f) {
  run_one<kPack<T>>(x.data<T>(), y.data<T>(), y.numel(), Widened<T, F>{f});
}

template <class T, class F>
void map(const Tensor& a, const Tensor& b, const Tensor& y, F f) {
  constexpr int V = kPack<T>;
  const T* left = a.data<T>();
  const T* right = b.data<T>();
  T* out = y.data<T>();
  launch(map_two<V, T, Widened<T, F>>, blocks_for(divide_up(y.numel(), V)), kThreads, 0, y.numel(),
         packable<T, V>(left) && packable<T, V>(right) && packable<T, V>(out), Widened<T, F>{f},
         left, right, out);
}

struct Add {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct Subtract {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a - b;
  }
};
struct Multiply {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a * b;
  }
};
struct Divide {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a / b;
  }
};
template <class T>
struct Affine {
  T scale, offset;
  __device__ T operator()(T x) const { return scale * x + offset; }
};
/// dx from dy and the value that the slope is a function of.
template <class Slope>
struct Chain {
  Slope slope;
  template <class T>
  __device__ T operator()(T value, T gradient) const {
    return gradient * slope(value);
  }
};
template <class To>
struct Convert {
  template <class From>
  __device__ To operator()(From value) const {
    return convert_value<To>(value);
  }
};

void fill(const Tensor& y, double value) {
  const OpScope op("fill", y);
  dispatch_any(y.dtype(), [&]<class T>() {
    launch(fill_kernel<T>, blocks_for(y.numel()), kThreads, 0, y.numel(), convert_value<T>(value),
           y.data<T>());
  });
}

void convert(const Tensor& x, const Tensor& y) {
  const OpScope op("convert", x, y);
  dispatch_any(x.dtype(), [&]<class From>() {
    dispatch_any(y.dtype(), [&]<class To>() {
      run_one<4>(x.data<From>(), y.data<To>(), y.numel(), Convert<To>{});
    });
  });
}

void binary(BinaryKind kind, const Tensor& a, const Tensor& b, const Tensor& y) {
  const OpScope op("binary", a, b, y);
  dispatch_floating("binary", y.dtype(), [&]<class T>() {
    switch (kind) {
      case BinaryKind::add:
        return map<T>(a, b, y, Add{});
      case BinaryKind::subtract:
        return map<T>(a, b, y, Subtract{});
      case BinaryKind::multiply:
        return map<T>(a, b, y, Multiply{});
      case BinaryKind::divide:
        return map<T>(a, b, y, Divide{});
    }
  });
}

void affine(const Tensor& x, double scale, double offset, const Tensor& y) {
  const OpScope op("affine", x, y);
  dispatch_floating("affine", y.dtype(), [&]<class T>() {
    map<T>(x, y, Affine<Compute<T>>{Compute<T>(scale), Compute<T>(offset)});
  });
}

void accumulate(const Tensor& x, const Tensor& y) {
  const OpScope op("accumulate", x, y);
  if (y.dtype() == DType::i64)
    map<std::int64_t>(y, x, y, Add{});
  else
    dispatch_floating("accumulate", y.dtype(), [&]<class T>() { map<T>(y, x, y, Add{}); });
}

void activation(Activation act, const Tensor& x, const Tensor& y) {
  const OpScope op("activation", x, y);
  dispatch_floating("activation", y.dtype(), [&]<class T>() {
    using C = Compute<T>;
    dispatch_activation(act.kind, [&]<ActivationKind kind>() {
      map<T>(x, y, functors::Activate<kind, C>{C(act.alpha)});
    });
  });
}

void activation_backward(Activation act, const Tensor& saved, const Tensor& dy, const Tensor& dx) {
  const OpScope op("activation_backward", saved, dy, dx);
  dispatch_floating("activation_backward", saved.dtype(), [&]<class T>() {
    using C = Compute<T>;
    dispatch_activation(act.kind, [&]<ActivationKind kind>() {
      using Slope = functors::ActivationDerivative<kind, C>;
      map<T>(saved, dy, dx, Chain<Slope>{Slope{C(act.alpha)}});
    });
  });
}

void clamp(const Tensor& x, double low, double high, const Tensor& y) {
  const OpScope op("clamp", x, y);
  dispatch_floating("clamp", y.dtype(), [&]<class T>() {
    using C = Compute<T>;
    map<T>(x, y, functors::Clamp<C>{C(low), C(high)});
  });
}

void clamp_backward(const Tensor& x, double low, double high, const Tensor& dy, const Tensor& dx) {
  const OpScope op("clamp_backward", x, dy, dx);
  dispatch_floating("clamp_backward", x.dtype(), [&]<class T>() {
    using C = Compute<T>;
    using Slope = functors::ClampDerivative<C>;
    map<T>(x, dy, dx, Chain<Slope>{Slope{C(low), C(high)}});
  });
}

}  // namespace

const ElementwiseOps elementwise_ops{
    fill,  convert,       binary, affine, accumulate, activation, activation_backward,
    clamp, clamp_backward};

}  // namespace voxgrad::cuda
