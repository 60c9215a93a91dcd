// Size classes of the caching allocators: eight steps between powers of two, so that at most an
// eighth of a block is wasted and released blocks fit the next request of about their size.
#pragma once

#include <cstddef>

namespace voxgrad {

/// `bytes` rounded up to its class: a multiple of `alignment`, which is a power of two. Of 0 bytes,
/// `alignment`.
inline std::size_t size_class(std::size_t bytes, std::size_t alignment) {
  if (bytes == 0) return alignment;
  std::size_t step = alignment;
  while (step * 16 < bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

}  // namespace voxgrad
