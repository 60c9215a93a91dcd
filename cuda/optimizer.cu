// Optimizer steps, many tensors a launch. The tensors' addresses travel with the launch, and every
// block looks up which tensor its elements belong to.
#include "cuda/kernels.h"
#include "cuda/launch.h"
#include "cuda/values.h"
#include "tensor/ops/functors.h"

namespace voxgrad::cuda {
namespace {

constexpr std::size_t kParameterBytes = 4096;      // of a kernel, on every driver
constexpr std::int64_t kElements = 16 * kThreads;  // a block

/// Blocks [first_block, next tensor's first_block) work on one tensor.
template <class Task>
struct TaskList {
  static constexpr int kTensors = (kParameterBytes - 128) / sizeof(Task);  // 128: all else

  int count = 0;
  unsigned blocks = 0;
  Task tasks[kTensors];

  __device__ const Task& of_block(unsigned block) const {
    int low = 0, high = count - 1;
    while (low < high) {
      const int middle = (low + high + 1) / 2;
      if (tasks[middle].first_block <= block)
        low = middle;
      else
        high = middle - 1;
    }
    return tasks[low];
  }
  void add(Task task) {
    task.first_block = blocks;
    blocks += unsigned(divide_up(task.size, kElements));
    tasks[count++] = task;
  }
};

template <class T>
struct AdamTask {
  T* parameter;
  const T* gradient;
  T* m;
  T* v;
  std::int64_t size;
  unsigned first_block;
  T step_size, sqrt_correction2;  // what the tensors' steps differ in
};

/// update(i) for the elements of this block.
template <class Task, class Update>
__device__ void for_each_element(const Task& task, Update update) {
  const std::int64_t begin = (blockIdx.x - task.first_block) * kElements;
  const std::int64_t end = begin + kElements < task.size ? begin + kElements : task.size;
  for (std::int64_t i = begin + threadIdx.x; i < end; i += kThreads) update(i);
}

template <class T>
__global__ void adam_kernel(const __grid_constant__ TaskList<AdamTask<T>> list,
                            functors::AdamStep<T> step, const float* skip) {
  static_assert(sizeof(list) + sizeof(step) + sizeof(skip) <= kParameterBytes);
  if (skip != nullptr && *skip != 0) return;
  const AdamTask<T>& task = list.of_block(blockIdx.x);
  step.step_size = task.step_size;
  step.sqrt_correction2 = task.sqrt_correction2;
  for_each_element(task, [&](std::int64_t i) {
    step(task.parameter[i], task.gradient[i], task.m[i], task.v[i]);
  });
}

template <class T>
struct SgdTask {
  T* parameter;
  const T* gradient;
  T* buffer;
  std::int64_t size;
  unsigned first_block;
  T learning_rate;
};

template <class T>
__global__ void sgd_kernel(const __grid_constant__ TaskList<SgdTask<T>> list, T momentum,
                           const float* skip) {
  static_assert(sizeof(list) + sizeof(momentum) + sizeof(skip) <= kParameterBytes);
  if (skip != nullptr && *skip != 0) return;
  const SgdTask<T>& task = list.of_block(blockIdx.x);
  const functors::SgdStep<T> step{task.learning_rate, momentum};
  for_each_element(
      task, [&](std::int64_t i) { step(task.parameter[i], task.gradient[i], task.buffer[i]); });
}

/// Calls run(list) for lists that together hold task(slot) of every slot with dtype T.
template <class T, class Slot, class MakeTask, class Run>
void in_lists(std::span<const Slot> slots, MakeTask make_task, Run run) {
  using Task = decltype(make_task(slots[0]));
  TaskList<Task> list;
  for (const Slot& slot : slots) {
    if (slot.parameter.dtype() != dtype_of<T> || slot.parameter.numel() == 0) continue;
    list.add(make_task(slot));
    if (list.count < list.kTensors) continue;
    run(list);
    list = {};
  }
  if (list.count > 0) run(list);
}

template <class T>
void adam_typed(std::span<const AdamSlot> slots, const AdamHyper& hyper, const float* skip) {
  using Step = functors::AdamStep<T>;
  const auto step_of = [&](double learning_rate, std::int64_t step) {
    return Step(hyper.beta1, hyper.beta2, hyper.eps, learning_rate, step);
  };
  in_lists<T>(
      slots,
      [&](const AdamSlot& slot) {
        const Step step = step_of(slot.learning_rate, slot.step);
        return AdamTask<T>{slot.parameter.data<T>(), slot.gradient.data<T>(), slot.m.data<T>(),
                           slot.v.data<T>(),         slot.parameter.numel(),  0,
                           step.step_size,           step.sqrt_correction2};
      },
      [&](const TaskList<AdamTask<T>>& list) {
        launch(adam_kernel<T>, dim3(list.blocks), kThreads, 0, list, step_of(1, 1), skip);
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
                          T(slot.learning_rate)};
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

void adam(std::span<const AdamSlot> slots, const AdamHyper& hyper, const Tensor& skip) {
  if (slots.empty()) return;
  const Op op("adam", slots.front().parameter);
  for (const AdamSlot& slot : slots) check_dtype("adam", slot.parameter);
  adam_typed<float>(slots, hyper, pointer_to(skip));
  adam_typed<double>(slots, hyper, pointer_to(skip));
}

void sgd(std::span<const SgdSlot> slots, double momentum, const Tensor& skip) {
  if (slots.empty()) return;
  const Op op("sgd", slots.front().parameter);
  for (const SgdSlot& slot : slots) check_dtype("sgd", slot.parameter);
  sgd_typed<float>(slots, momentum, pointer_to(skip));
  sgd_typed<double>(slots, momentum, pointer_to(skip));
}

}  // namespace

const OptimizerOps optimizer_ops{adam, sgd};

}  // namespace voxgrad::cuda
