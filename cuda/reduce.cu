// Sums and the loss, over rows.h.
#include "cuda/kernels.h"
#include "cuda/rows.cuh"
#include "cuda/runtime/multi_tensor.cuh"
#include "tensor/ops/functors.h"

namespace voxgrad::cuda {
namespace {

struct NoState {};

template <int V, class T>
struct ElementTerm {
  const T* x;
  __device__ NoState at(std::int64_t, std::int64_t) const { return {}; }
  __device__ void add(NoState, std::int64_t, std::int64_t offset, Compute<T> (&run)[1][V]) const {
    const Pack<T, V> in = load_pack<V>(x + offset);
#pragma unroll
    for (int j = 0; j < V; ++j) run[0][j] += convert_value<Compute<T>>(in.element[j]);
  }
};

template <class T>
struct EntropyTerm {
  const T* probability;
  const T* target;
  __device__ NoState at(std::int64_t, std::int64_t) const { return {}; }
  __device__ void add(NoState, std::int64_t, std::int64_t i, T (&run)[1][1]) const {
    run[0][0] += functors::BinaryCrossEntropy<T>{}(probability[i], target[i]);
  }
};

void sum_columns(const char* name, const Tensor& x, const Tensor& y) {
  dispatch_floating(name, x.dtype(), [&]<class T>() {
    const std::int64_t channels = y.numel();
    const T* const in = x.data<T>();
    dispatch_width<T>(channels, {in}, [&]<int V>() {
      sum_rows<V, 1, Compute<T>>(1, x.numel() / channels, channels, x.device(),
                                 ElementTerm<V, T>{in}, StoreSum{y.raw(), y.dtype(), 1});
    });
  });
}

void column_sums(const Tensor& x, const Tensor& y) {
  const OpScope op("column_sums", x, y);
  sum_columns("column_sums", x, y);
}

void sum(const Tensor& x, const Tensor& y) {
  const OpScope op("sum", x, y);
  sum_columns("sum", x, y);
}

template <class T>
__global__ void spread_kernel(std::int64_t n, const T* x, T* y) {
  const T value = x[0];
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) y[i] = value;
}

void spread(const Tensor& x, const Tensor& y) {
  const OpScope op("spread", x, y);
  dispatch_floating("spread", y.dtype(), [&]<class T>() {
    launch(spread_kernel<T>, blocks_for(y.numel()), kThreads, 0, y.numel(), x.data<T>(),
           y.data<T>());
  });
}

template <class T>
struct FiniteTask {
  const T* x;
  std::int64_t size;
  unsigned first_block;
};

template <class T>
__global__ void find_nonfinite(const __grid_constant__ TaskList<FiniteTask<T>> list, float* found) {
  static_assert(sizeof(list) + sizeof(found) <= kParameterBytes);
  const FiniteTask<T>& task = list.of_block(blockIdx.x);
  // Multiplying by zero turns infinities and NaNs into NaN, and leaves zero of all else.
  Compute<T> probe = 0;
  for_each_element(
      task, [&](std::int64_t i) { probe += convert_value<Compute<T>>(task.x[i]) * Compute<T>(0); });
  if (!(probe == Compute<T>(0))) *found = 1;  // whoever writes, writes the same
}

void flag_non_finite(std::span<const Tensor> tensors, const Tensor& flag) {
  const OpScope op("flag_non_finite", flag);
  const auto look = [&]<class T>() {
    in_lists<T>(
        tensors,
        [](const Tensor& x) {
          return FiniteTask<T>{x.data<T>(), x.numel(), 0};
        },
        [&](const TaskList<FiniteTask<T>>& list) {
          launch(find_nonfinite<T>, dim3(list.blocks), kThreads, 0, list, flag.data<float>());
        });
  };
  for (const Tensor& x : tensors)
    check(x.dtype() != DType::u8 && x.dtype() != DType::i64,
          "[flag_non_finite] expects f32, f64 or bf16, got ", x.dtype());
  look.template operator()<float>();
  look.template operator()<BFloat16>();
  look.template operator()<double>();
}

bool all_finite(const Tensor& x) {
  const OpScope op("all_finite", x);
  const Tensor found = Tensor::zeros({1}, DType::f32, x.device());
  flag_non_finite({&x, 1}, found);
  return found.item() == 0;
}

void binary_cross_entropy(const Tensor& probability, const Tensor& target, const Tensor& loss) {
  const OpScope op("binary_cross_entropy", probability, target, loss);
  dispatch_float("binary_cross_entropy", probability.dtype(), [&]<class T>() {
    const std::int64_t n = probability.numel();
    sum_rows<1, 1, T>(1, n, 1, probability.device(),
                      EntropyTerm<T>{probability.data<T>(), target.data<T>()},
                      StoreSum{loss.raw(), loss.dtype(), double(n)});
  });
}

template <class T>
__global__ void entropy_slope(std::int64_t n, const T* probability, const T* target, const T* dloss,
                              T* dprobability) {
  const T scale = T(double(dloss[0]) / double(n));
  const functors::BinaryCrossEntropySlope<T> slope;
  for (std::int64_t i = thread_index(); i < n; i += thread_count())
    dprobability[i] = scale * slope(probability[i], target[i]);
}

void binary_cross_entropy_backward(const Tensor& probability, const Tensor& target,
                                   const Tensor& dloss, const Tensor& dprobability) {
  const OpScope op("binary_cross_entropy_backward", probability, target, dloss, dprobability);
  dispatch_float("binary_cross_entropy_backward", probability.dtype(), [&]<class T>() {
    const std::int64_t n = probability.numel();
    launch(entropy_slope<T>, blocks_for(n), kThreads, 0, n, probability.data<T>(), target.data<T>(),
           dloss.data<T>(), dprobability.data<T>());
  });
}

}  // namespace

const ReduceOps reduce_ops{sum, spread, column_sums, all_finite, flag_non_finite};
const LossOps loss_ops{binary_cross_entropy, binary_cross_entropy_backward};

}  // namespace voxgrad::cuda
