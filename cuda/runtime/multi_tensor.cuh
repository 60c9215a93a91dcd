// One launch over many tensors. Their addresses travel with the launch, and every block looks up
// which tensor its elements belong to. A task holds pointers, `size` (elements) and `first_block`.
#pragma once

#include <span>

#include "cuda/runtime/launch.cuh"
#include "tensor/tensor.h"

namespace voxgrad::cuda {

inline constexpr std::size_t kParameterBytes = 4096;      // of a kernel, on every driver
inline constexpr std::int64_t kElements = 16 * kThreads;  // a block

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

/// update(i) for the elements of this block.
template <class Task, class Update>
__device__ void for_each_element(const Task& task, Update update) {
  const std::int64_t begin = (blockIdx.x - task.first_block) * kElements;
  const std::int64_t end = begin + kElements < task.size ? begin + kElements : task.size;
  for (std::int64_t i = begin + threadIdx.x; i < end; i += kThreads) update(i);
}

/// update.template operator()<V>(i) for the elements of this block, V from i on: packs if `packed`,
/// and one by one what is left over.
template <int V, class Task, class Update>
__device__ void for_each_pack(const Task& task, bool packed, Update update) {
  static_assert(kElements % V == 0);
  const std::int64_t begin = (blockIdx.x - task.first_block) * kElements;
  const std::int64_t end = begin + kElements < task.size ? begin + kElements : task.size;
  const std::int64_t whole = packed ? end / V * V : begin;
#pragma unroll 2
  for (std::int64_t i = begin + std::int64_t(threadIdx.x) * V; i < whole; i += kThreads * V)
    update.template operator()<V>(i);
  for (std::int64_t i = whole + threadIdx.x; i < end; i += kThreads)
    update.template operator()<1>(i);
}

inline const Tensor& tensor_of(const Tensor& tensor) {
  return tensor;
}
template <class Slot>
const Tensor& tensor_of(const Slot& slot) {
  return slot.parameter;
}

/// Calls run(list) for lists that together hold make_task(slot) of every slot with dtype T.
template <class T, class Slot, class MakeTask, class Run>
void in_lists(std::span<const Slot> slots, MakeTask make_task, Run run) {
  using Task = decltype(make_task(slots[0]));
  TaskList<Task> list;
  for (const Slot& slot : slots) {
    if (tensor_of(slot).dtype() != dtype_of<T> || tensor_of(slot).numel() == 0) continue;
    list.add(make_task(slot));
    if (list.count < list.kTensors) continue;
    run(list);
    list = {};
  }
  if (list.count > 0) run(list);
}

}  // namespace voxgrad::cuda
