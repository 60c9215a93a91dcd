// Optimizer steps over the functors of functors.h: one parallel pass over all tensors, cut into
// chunks, so that small tensors cost no wait for the threads and large ones keep all of them busy.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/optimizer.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <vector>

#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "simd/simd.h"
#include "tensor/ops/convert_ops.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::cpu::HWY_NAMESPACE {
namespace {

constexpr std::int64_t kChunk = 16384;  // elements

bool is_set(const Tensor& skip) {
  return skip.defined() && *skip.data<float>() != 0;
}

/// Calls task(begin, end), task = make_task(slot), for ranges that together are all elements of the
/// slots with dtype T, each once. All tasks are made before the first is called.
template <class T, class Slot, class MakeTask>
void for_each_chunk(std::span<const Slot> slots, MakeTask make_task) {
  struct Chunk {
    std::size_t task;
    std::int64_t begin, end;
  };
  std::vector<decltype(make_task(slots[0]))> tasks;
  std::vector<Chunk> chunks;
  std::int64_t total = 0;
  for (const Slot& slot : slots) {
    if (slot.parameter.dtype() != dtype_of<T>) continue;
    const std::int64_t n = slot.parameter.numel();
    for (std::int64_t begin = 0; begin < n; begin += kChunk)
      chunks.push_back({tasks.size(), begin, std::min(n, begin + kChunk)});
    tasks.push_back(make_task(slot));
    total += n;
  }
  if (chunks.empty()) return;
  const auto count = std::int64_t(chunks.size());
  for_each_task(count, total / count, [&](std::int64_t i) {
    const Chunk& chunk = chunks[std::size_t(i)];
    tasks[chunk.task](chunk.begin, chunk.end);
  });
}

BFloat16* copy_of(const Tensor& copy) {
  return copy.defined() ? copy.data<BFloat16>() : nullptr;
}

/// What has just been written, and is still in the cache.
template <class T>
void write_copy(const T* parameter, BFloat16* copy, std::int64_t begin, std::int64_t end) {
  if (copy == nullptr) return;
#pragma omp simd
  for (std::int64_t i = begin; i < end; ++i) copy[i] = convert_value<BFloat16>(parameter[i]);
}

template <class T>
struct AdamTask {
  functors::AdamStep<T> step;
  T* parameter;
  const T* gradient;
  T* m;
  T* v;
  BFloat16* copy;

  void operator()(std::int64_t begin, std::int64_t end) const {
    // Copies, which no write can change; OpenMP takes no structured bindings in clang.
    const AdamTask t = *this;
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i)
      t.step(t.parameter[i], t.gradient[i], t.m[i], t.v[i]);
    write_copy(t.parameter, t.copy, begin, end);
  }
};

template <class T>
struct SgdTask {
  functors::SgdStep<T> step;
  T* parameter;
  const T* gradient;
  T* buffer;
  BFloat16* copy;

  void operator()(std::int64_t begin, std::int64_t end) const {
    const SgdTask t = *this;
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) t.step(t.parameter[i], t.gradient[i], t.buffer[i]);
    write_copy(t.parameter, t.copy, begin, end);
  }
};

template <class T>
void adam_typed(std::span<const AdamSlot> slots, const AdamOptions& hyper) {
  for_each_chunk<T>(slots, [&](const AdamSlot& slot) {
    return AdamTask<T>{
        {hyper.beta1, hyper.beta2, hyper.eps, slot.learning_rate, slot.step, slot.weight_decay},
        slot.parameter.data<T>(),
        slot.gradient.data<T>(),
        slot.m.data<T>(),
        slot.v.data<T>(),
        copy_of(slot.copy)};
  });
}

template <class T>
void sgd_typed(std::span<const SgdSlot> slots, double momentum) {
  for_each_chunk<T>(slots, [&](const SgdSlot& slot) {
    return SgdTask<T>{
        {T(slot.learning_rate), T(momentum), T(1.0 - slot.learning_rate * slot.weight_decay)},
        slot.parameter.data<T>(),
        slot.gradient.data<T>(),
        slot.buffer.data<T>(),
        copy_of(slot.copy)};
  });
}

void check_dtype(const char* op, const Tensor& parameter) {
  dispatch_float(op, parameter.dtype(), []<class T>() {});
}

void adam(std::span<const AdamSlot> slots, const AdamOptions& hyper, const Tensor& skip) {
  if (is_set(skip)) return;
  for (const AdamSlot& slot : slots) check_dtype("adam", slot.parameter);
  adam_typed<float>(slots, hyper);
  adam_typed<double>(slots, hyper);
}

void sgd(std::span<const SgdSlot> slots, double momentum, const Tensor& skip) {
  if (is_set(skip)) return;
  for (const SgdSlot& slot : slots) check_dtype("sgd", slot.parameter);
  sgd_typed<float>(slots, momentum);
  sgd_typed<double>(slots, momentum);
}

}  // namespace

OptimizerOps make_optimizer_ops() {
  return {adam, sgd};
}

}  // namespace voxgrad::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad::cpu {

HWY_EXPORT(make_optimizer_ops);
const OptimizerOps& optimizer_ops() {
  simd::limit_kernels();  // as this may be called before this file's static objects are made
  static const OptimizerOps ops = HWY_DYNAMIC_DISPATCH(make_optimizer_ops)();
  return ops;
}

}  // namespace voxgrad::cpu
#endif
