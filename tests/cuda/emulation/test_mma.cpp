// The emulated tensor cores: fragments that cuda/conv/tensor_core/mma.cuh describes against a plain
// matrix product.
#include <cstring>

#include "cuda/conv/tensor_core/mma.cuh"
#include "tensor/ops/convert_ops.h"
#include "tests/cuda/device_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

struct Matrices {
  BFloat16 a[16][16], b[16][8];
  float c[16][8], d[16][8];
};

__global__ void multiply(Matrices* matrices) {
  using namespace cuda::mma;
  alignas(16) __shared__ BFloat16 rows[16][16];
  __shared__ BFloat16 columns[128];
  const int lane = int(threadIdx.x);
  for (int i = lane; i < 256; i += 32) rows[i / 16][i % 16] = matrices->a[i / 16][i % 16];
  for (int i = lane; i < 128; i += 32)
    columns[place_in_b(i / 8, i % 8)] = matrices->b[i / 8][i % 8];
  __syncthreads();
  const A a = load_a(&rows[lane % 16][lane / 16 * 8]);
  B b;
  std::memcpy(&b, columns + 4 * lane, sizeof b);
  const int g = lane / 4, t = lane % 4;
  const auto& from = matrices->c;
  const C c{{from[g][2 * t], from[g][2 * t + 1], from[g + 8][2 * t], from[g + 8][2 * t + 1]}};
  const C d = cuda::mma::multiply(a, b, c);
  for (int i = 0; i < 4; ++i) matrices->d[g + i / 2 * 8][2 * t + i % 2] = d.sums[i];
}

void check_product(Matrices& m) {
  cudaLaunchConfig_t config;
  config.blockDim = dim3(32);
  REQUIRE(cudaLaunchKernelEx(&config, multiply, &m) == cudaSuccess);
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 8; ++column) {
      float sum = m.c[row][column];
      for (int k = 0; k < 16; ++k) sum += to_float(m.a[row][k]) * to_float(m.b[k][column]);
      CAPTURE(concat(row, ' ', column));
      CHECK(m.d[row][column] == sum);
    }
}

}  // namespace

TEST_CASE("a warp multiplies random matrices of small whole numbers exactly") {
  Rng rng(171);
  Matrices m{};
  const auto draw = [&] { return float(random_int(rng, -9, 9)); };
  for (auto& row : m.a)
    for (BFloat16& value : row) value = to_bfloat16(draw());
  for (auto& row : m.b)
    for (BFloat16& value : row) value = to_bfloat16(draw());
  for (auto& row : m.c)
    for (float& value : row) value = draw();
  check_product(m);
}

TEST_CASE("a warp multiplies each element of one matrix by each of the other that it meets") {
  for (int k = 0; k < 16; ++k)
    for (int row = 0; row < 16; ++row) {
      Matrices m{};
      m.a[row][k] = to_bfloat16(2);
      m.b[k][row % 8] = to_bfloat16(3);
      check_product(m);
    }
}
