// Optimizer steps over the functors of functors.h.
#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "tensor/ops/functors.h"

namespace voxgrad::cpu {
namespace {

bool is_set(const Tensor& skip) {
  return skip.defined() && *skip.data<float>() != 0;
}

void adam(std::span<const AdamSlot> slots, const AdamHyper& hyper, const Tensor& skip) {
  if (is_set(skip)) return;
  for (const AdamSlot& slot : slots) {
    dispatch_float("adam", slot.parameter.dtype(), [&]<class T>() {
      const functors::AdamStep<T> step(hyper.beta1, hyper.beta2, hyper.eps, slot.learning_rate,
                                       slot.step);
      T* const parameter = slot.parameter.data<T>();
      const T* const gradient = slot.gradient.data<T>();
      T* const m = slot.m.data<T>();
      T* const v = slot.v.data<T>();
      for_each_index(slot.parameter.numel(),
                     [=](std::int64_t i) { step(parameter[i], gradient[i], m[i], v[i]); });
    });
  }
}

void sgd(std::span<const SgdSlot> slots, double momentum, const Tensor& skip) {
  if (is_set(skip)) return;
  for (const SgdSlot& slot : slots) {
    dispatch_float("sgd", slot.parameter.dtype(), [&]<class T>() {
      const functors::SgdStep<T> step{T(slot.learning_rate), T(momentum)};
      T* const parameter = slot.parameter.data<T>();
      const T* const gradient = slot.gradient.data<T>();
      T* const buffer = slot.buffer.data<T>();
      for_each_index(slot.parameter.numel(),
                     [=](std::int64_t i) { step(parameter[i], gradient[i], buffer[i]); });
    });
  }
}

}  // namespace

const OptimizerOps optimizer_ops{adam, sgd};

}  // namespace voxgrad::cpu
