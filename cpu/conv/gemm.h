// A matrix product as dot products of rows: for the weights of linear layers, which lie as such
// rows and are too many to be brought into another order first.
#pragma once

#include <cstdint>

namespace voxgrad::cpu {

/// c [m,n] = a [m,k] b^T with b [n,k], all row-major without gaps. b is read about once for every
/// 128 rows of a. The same bits for any number of threads.
void gemm_nt(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, const float* b,
             float* c);

}  // namespace voxgrad::cpu
