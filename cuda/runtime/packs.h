// Elements in kernels: bf16 is computed with in f32, and neighbours travel in packs of 16 bytes.
#pragma once

#include "tensor/ops/convert_ops.h"
#include "tensor/tensor.h"

namespace voxgrad::cuda {

/// V neighbours, loaded and stored as one where their address allows.
template <class T, int V>
struct alignas(V * sizeof(T) < 16 ? V * sizeof(T) : 16) Pack {
  T element[V];
};

/// The number of elements in 16 bytes.
template <class T>
inline constexpr int kPack = 16 / int(sizeof(T));

template <class T, int V>
VOXGRAD_HD bool packable(const T* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer) % alignof(Pack<T, V>) == 0;
}

/// A pack from anywhere: in one go if `packed`.
template <int V, class T>
VOXGRAD_HD Pack<T, V> load_pack(const T* from, bool packed = true) {
  if (packed) return *reinterpret_cast<const Pack<T, V>*>(from);
  Pack<T, V> pack;
#pragma unroll
  for (int j = 0; j < V; ++j) pack.element[j] = from[j];
  return pack;
}

template <int V, class T>
VOXGRAD_HD void store_pack(T* to, const Pack<T, V>& pack, bool packed = true) {
  if (packed) {
    *reinterpret_cast<Pack<T, V>*>(to) = pack;
    return;
  }
#pragma unroll
  for (int j = 0; j < V; ++j) to[j] = pack.element[j];
}

}  // namespace voxgrad::cuda
