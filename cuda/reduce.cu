// Sums and the loss, over rows.cuh.
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

template <class T>
struct FocalTerm {
  const T* probability;
  const T* target;
  functors::FocalLoss<T> focal;
  __device__ NoState at(std::int64_t, std::int64_t) const { return {}; }
  __device__ void add(NoState, std::int64_t, std::int64_t i, T (&run)[1][1]) const {
    run[0][0] += focal(probability[i], target[i]);
  }
};

template <class T>
struct DiceTerm {
  const T* probability;
  const T* target;
  __device__ NoState at(std::int64_t, std::int64_t) const { return {}; }
  __device__ void add(NoState, std::int64_t, std::int64_t i, T (&run)[2][1]) const {
    run[0][0] += probability[i] * target[i];
    run[1][0] += probability[i] + target[i];
  }
};

/// Keeps the sums of each row and their mean Dice loss: groups come one after the other.
template <class T>
struct StoreDice {
  double* sums;
  T* loss;
  double smoothing;
  std::int64_t rows;
  __device__ void group(std::int64_t row, std::int64_t, const double (&total)[2]) const {
    sums[2 * row] = total[0];
    sums[2 * row + 1] = total[1];
  }
  __device__ void end(std::int64_t) const {
    double result = 0;
    for (std::int64_t row = 0; row < rows; ++row)
      result += 1 - (2 * sums[2 * row] + smoothing) / (sums[2 * row + 1] + smoothing);
    loss[0] = T(result / double(rows));
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
__global__ void broadcast_kernel(std::int64_t n, const T* x, T* y) {
  const T value = x[0];
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) y[i] = value;
}

void broadcast(const Tensor& x, const Tensor& y) {
  const OpScope op("broadcast", x, y);
  dispatch_floating("broadcast", y.dtype(), [&]<class T>() {
    launch(broadcast_kernel<T>, blocks_for(y.numel()), kThreads, 0, y.numel(), x.data<T>(),
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

void focal(const Tensor& probability, const Tensor& target, double gamma, const Tensor& loss) {
  const OpScope op("focal", probability, target, loss);
  dispatch_float("focal", probability.dtype(), [&]<class T>() {
    const std::int64_t n = probability.numel();
    sum_rows<1, 1, T>(1, n, 1, probability.device(),
                      FocalTerm<T>{probability.data<T>(), target.data<T>(), {T(gamma)}},
                      StoreSum{loss.raw(), loss.dtype(), double(n)});
  });
}

template <class T>
__global__ void focal_slope(std::int64_t n, T gamma, const T* probability, const T* target,
                            const T* dloss, T* dprobability) {
  const T scale = T(double(dloss[0]) / double(n));
  const functors::FocalLossSlope<T> slope{gamma};
  for (std::int64_t i = thread_index(); i < n; i += thread_count())
    dprobability[i] = scale * slope(probability[i], target[i]);
}

void focal_backward(const Tensor& probability, const Tensor& target, double gamma,
                    const Tensor& dloss, const Tensor& dprobability) {
  const OpScope op("focal_backward", probability, target, dloss, dprobability);
  dispatch_float("focal_backward", probability.dtype(), [&]<class T>() {
    const std::int64_t n = probability.numel();
    launch(focal_slope<T>, blocks_for(n), kThreads, 0, n, T(gamma), probability.data<T>(),
           target.data<T>(), dloss.data<T>(), dprobability.data<T>());
  });
}

void dice(const Tensor& probability, const Tensor& target, double smoothing, const Tensor& sums,
          const Tensor& loss) {
  const OpScope op("dice", probability, target, loss);
  dispatch_float("dice", probability.dtype(), [&]<class T>() {
    const std::int64_t rows = probability.shape()[0], n = probability.numel() / rows;
    sum_rows<1, 2, T>(rows, n, 1, probability.device(),
                      DiceTerm<T>{probability.data<T>(), target.data<T>()},
                      StoreDice<T>{sums.data<double>(), loss.data<T>(), smoothing, rows});
  });
}

template <class T>
__global__ void dice_slope(std::int64_t n, std::int64_t rows, const T* target, double smoothing,
                           const double* sums, const T* dloss, T* dprobability) {
  const double scale = double(dloss[0]) / double(rows);
  for (std::int64_t i = thread_index(); i < n * rows; i += thread_count()) {
    const std::int64_t row = i / n;
    const double above = 2 * sums[2 * row] + smoothing, below = sums[2 * row + 1] + smoothing;
    const T full = T(scale * (above / below - 2) / below), empty = T(scale * above / below / below);
    dprobability[i] = empty + target[i] * (full - empty);
  }
}

void dice_backward(const Tensor& target, double smoothing, const Tensor& sums, const Tensor& dloss,
                   const Tensor& dprobability) {
  const OpScope op("dice_backward", target, dloss, dprobability);
  dispatch_float("dice_backward", target.dtype(), [&]<class T>() {
    const std::int64_t rows = target.shape()[0], n = target.numel() / rows;
    launch(dice_slope<T>, blocks_for(n * rows), kThreads, 0, n, rows, target.data<T>(), smoothing,
           sums.data<double>(), dloss.data<T>(), dprobability.data<T>());
  });
}

}  // namespace

const ReduceOps reduce_ops{sum, broadcast, column_sums, all_finite, flag_non_finite};
const LossOps loss_ops{
    binary_cross_entropy, binary_cross_entropy_backward, focal, focal_backward, dice,
    dice_backward};

}  // namespace voxgrad::cuda
