// Optimizer steps, many tensors a launch.
#include "cuda/kernels.h"
#include "cuda/runtime/multi_tensor.cuh"
#include "cuda/runtime/packs.h"
#include "tensor/ops/functors.h"

namespace voxgrad::cuda {
namespace {

template <class T>
struct AdamTask {
  T* parameter;
  const T* gradient;
  T* m;
  T* v;
  std::int64_t size;
  unsigned first_block;
  T step_size, sqrt_correction2, keep;  // what the tensors' steps differ in
  BFloat16* copy;
};

template <class T>
__global__ void adam_kernel(const __grid_constant__ TaskList<AdamTask<T>> list,
                            functors::AdamStep<T> step, const float* skip) {
  static_assert(sizeof(list) + sizeof(step) + sizeof(skip) <= kParameterBytes);
  if (skip != nullptr && *skip != 0) return;
  const AdamTask<T>& task = list.of_block(blockIdx.x);
  step.step_size = task.step_size;
  step.sqrt_correction2 = task.sqrt_correction2;
  step.keep = task.keep;
  constexpr int widest = kPack<T>;
  const bool packed = packable<T, widest>(task.parameter) && packable<T, widest>(task.gradient) &&
                      packable<T, widest>(task.m) && packable<T, widest>(task.v) &&
                      packable<BFloat16, widest>(task.copy);
  for_each_pack<widest>(task, packed, [&]<int V>(std::int64_t i) {
    // All that is read before anything is written: for the compiler any of them may be the same.
    Pack<T, V> parameter = load_pack<V>(task.parameter + i), m = load_pack<V>(task.m + i),
               v = load_pack<V>(task.v + i);
    const Pack<T, V> gradient = load_pack<V>(task.gradient + i);
    Pack<BFloat16, V> copy;
#pragma unroll
    for (int j = 0; j < V; ++j) {
      step(parameter.element[j], gradient.element[j], m.element[j], v.element[j]);
      copy.element[j] = convert_value<BFloat16>(parameter.element[j]);
    }
    store_pack(task.parameter + i, parameter);
    store_pack(task.m + i, m);
    store_pack(task.v + i, v);
    if (task.copy != nullptr) store_pack(task.copy + i, copy);
  });
}

template <class T>
struct SgdTask {
  T* parameter;
  const T* gradient;
  T* buffer;
  std::int64_t size;
  unsigned first_block;
  T learning_rate, keep;
  BFloat16* copy;
};

BFloat16* copy_of(const Tensor& copy) {
  return copy.defined() ? copy.data<BFloat16>() : nullptr;
}

template <class T>
__global__ void sgd_kernel(const __grid_constant__ TaskList<SgdTask<T>> list, T momentum,
                           const float* skip) {
  static_assert(sizeof(list) + sizeof(momentum) + sizeof(skip) <= kParameterBytes);
  if (skip != nullptr && *skip != 0) return;
  const SgdTask<T>& task = list.of_block(blockIdx.x);
  const functors::SgdStep<T> step{task.learning_rate, momentum, task.keep};
  for_each_element(task, [&](std::int64_t i) {
    T parameter = task.parameter[i], buffer = task.buffer[i];
    step(parameter, task.gradient[i], buffer);
    task.parameter[i] = parameter;
    task.buffer[i] = buffer;
    if (task.copy != nullptr) task.copy[i] = convert_value<BFloat16>(parameter);
  });
}

template <class T>
void adam_typed(std::span<const AdamSlot> slots, const AdamOptions& hyper, const float* skip) {
  using Step = functors::AdamStep<T>;
  const auto step_of = [&](double learning_rate, std::int64_t step, double weight_decay) {
    return Step(hyper.beta1, hyper.beta2, hyper.eps, learning_rate, step, weight_decay);
  };
  in_lists<T>(
      slots,
      [&](const AdamSlot& slot) {
        const Step step = step_of(slot.learning_rate, slot.step, slot.weight_decay);
        return AdamTask<T>{slot.parameter.data<T>(), slot.gradient.data<T>(), slot.m.data<T>(),
                           slot.v.data<T>(),         slot.parameter.numel(),  0,
                           step.step_size,           step.sqrt_correction2,   step.keep,
                           copy_of(slot.copy)};
      },
      [&](const TaskList<AdamTask<T>>& list) {
        launch(adam_kernel<T>, dim3(list.blocks), kThreads, 0, list, step_of(1, 1, 0), skip);
      });
}

template <class T>
void sgd_typed(std::span<const SgdSlot> slots, double momentum, const float* skip) {
  in_lists<T>(
      slots,
      [](const SgdSlot& slot) {
        return SgdTask<T>{slot.parameter.data<T>(),
                          slot.gradient.data<T>(),
                          slot.buffer.data<T>(),
                          slot.parameter.numel(),
                          0,
                          T(slot.learning_rate),
                          T(1.0 - slot.learning_rate * slot.weight_decay),
                          copy_of(slot.copy)};
      },
      [&](const TaskList<SgdTask<T>>& list) {
        launch(sgd_kernel<T>, dim3(list.blocks), kThreads, 0, list, T(momentum), skip);
      });
}

void check_dtype(const char* op, const Tensor& parameter) {
  check(parameter.dtype() == DType::f32 || parameter.dtype() == DType::f64, "[", op,
        "] expects f32 or f64, got ", parameter.dtype());
}

const float* pointer_to(const Tensor& skip) {
  return skip.defined() ? skip.data<float>() : nullptr;
}

void adam(std::span<const AdamSlot> slots, const AdamOptions& hyper, const Tensor& skip) {
  if (slots.empty()) return;
  const OpScope op("adam", slots.front().parameter);
  for (const AdamSlot& slot : slots) check_dtype("adam", slot.parameter);
  adam_typed<float>(slots, hyper, pointer_to(skip));
  adam_typed<double>(slots, hyper, pointer_to(skip));
}

void sgd(std::span<const SgdSlot> slots, double momentum, const Tensor& skip) {
  if (slots.empty()) return;
  const OpScope op("sgd", slots.front().parameter);
  for (const SgdSlot& slot : slots) check_dtype("sgd", slot.parameter);
  sgd_typed<float>(slots, momentum, pointer_to(skip));
  sgd_typed<double>(slots, momentum, pointer_to(skip));
}

}  // namespace

const OptimizerOps optimizer_ops{adam, sgd};

}  // namespace voxgrad::cuda
