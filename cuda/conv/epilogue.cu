#include "cuda/conv/epilogue.h"
#include "cuda/runtime/launch.cuh"
#include "cuda/runtime/packs.h"
#include "tensor/ops/functors.h"

namespace voxgrad::cuda {
namespace {

/// A thread takes V neighbouring channels of a row at a time; V divides the channels.
template <int V, class T, class F>
__global__ void epilogue_kernel(std::int64_t packs, std::int64_t packs_per_row, F activate,
                                const Compute<T>* bias, T* y) {
  for (std::int64_t i = thread_index(); i < packs; i += thread_count()) {
    Pack<T, V> pack = load_pack<V>(y + i * V);
    const std::int64_t channel = i % packs_per_row * V;
#pragma unroll
    for (int j = 0; j < V; ++j) {
      const Compute<T> offset = bias ? bias[channel + j] : Compute<T>(0);
      pack.element[j] =
          convert_value<T>(activate(convert_value<Compute<T>>(pack.element[j]) + offset));
    }
    store_pack(y + i * V, pack);
  }
}

template <int V, class T>
void run(const Epilogue& epilogue, const Tensor& y) {
  const std::int64_t channels = y.shape()[-1], packs = y.numel() / V;
  const Compute<T>* bias = epilogue.bias.defined() ? epilogue.bias.data<Compute<T>>() : nullptr;
  dispatch_activation(epilogue.activation.kind, [&]<ActivationKind kind>() {
    using F = functors::Activate<kind, Compute<T>>;
    launch(epilogue_kernel<V, T, F>, blocks_for(packs), kThreads, 0, packs, channels / V,
           F{Compute<T>(epilogue.activation.alpha)}, bias, y.data<T>());
  });
}

}  // namespace

void apply_epilogue(const Epilogue& epilogue, const Tensor& y) {
  if (!epilogue.bias.defined() && epilogue.activation.kind == ActivationKind::identity) return;
  dispatch_floating("epilogue", y.dtype(), [&]<class T>() {
    constexpr int V = kPack<T>;
    if (y.shape()[-1] % V == 0 && packable<T, V>(y.data<T>()))
      run<V, T>(epilogue, y);
    else
      run<1, T>(epilogue, y);
  });
}

}  // namespace voxgrad::cuda
