// The emulated CUDA itself: what it must notice, and that kernels give the same bits in any
// order it runs their threads.
#include <algorithm>
#include <array>

#include "datasets/transforms/deferred_view.h"
#include "tests/cpu/conv_cases.h"
#include "tests/cuda/device_cases.h"
#include "tests/cuda/emulation/include/cuda_runtime.h"
#include "tests/support/pictures.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

__global__ void reverse_block(const int* x, int* y) {
  __shared__ int values[100];
  values[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = values[blockDim.x - 1 - threadIdx.x];
}

__global__ void forget_to_wait(const int* x, int* y) {
  __shared__ int values[100];
  values[threadIdx.x] = x[threadIdx.x];
  y[threadIdx.x] = values[blockDim.x - 1 - threadIdx.x];
}

__global__ void read_unwritten(const int* x, int* y) {
  __shared__ int values[100];
  y[threadIdx.x] = values[threadIdx.x];
  values[threadIdx.x] = x[threadIdx.x];
}

__global__ void sum_warp(const int* x, int* y) {
  int sum = x[threadIdx.x];
  for (int distance = 16; distance > 0; distance /= 2)
    sum += __shfl_xor_sync(0xffffffffu, sum, distance);
  y[threadIdx.x] = sum;
}

__global__ void write_at(char* y, std::int64_t place) {
  y[place] = 1;
}

cudaError_t run(void (*kernel)(const int*, int*), unsigned threads, const int* x, int* y,
                unsigned blocks = 1) {
  cudaLaunchConfig_t config;
  config.gridDim = dim3(blocks);
  config.blockDim = dim3(threads);
  return cudaLaunchKernelEx(&config, kernel, x, y);
}

/// Three pictures whose colours depend on their means.
Tensor packed_pictures(Rng& rng) {
  TransformOptions options;
  options.size = 70;
  std::vector<DeferredView> views;
  for (int i = 0; i < 3; ++i)
    views.push_back(
        pack_view(std::make_shared<const Image>(picture_of({40, 50, 4, 70, 0, Alpha::random}, rng)),
                  {}, sample_augmentation(rng, 1, options), 0, options));
  Tensor block({std::int64_t(packed_bytes(views))}, DType::u8);
  write_packed(views, block.data<std::uint8_t>());
  return block;
}

/// The results of kernels that share memory between threads, in one order of running them.
std::vector<Tensor> results_in(emulation::Order order) {
  emulation::set_order(order);
  Rng rng(61);
  std::vector<Tensor> results;
  const auto add = [&](const Shape& shape, DType dtype) {
    results.emplace_back(shape, dtype, Device::cuda());
    results.back().fill(0);
    return results.back();
  };
  for (const DType dtype : kMaps) {
    const DType number = parameters_of(dtype);
    for (const std::int64_t channels : {1, 5, 64}) {
      const Tensor x = to_gpu(random_normal(rng, {3000, channels}, dtype));
      const Tensor mean = add({2, channels}, number), variance = add({2, channels}, number);
      gpu().norm.statistics(x, mean, variance);
      const BatchNormParameters parameters{to_gpu(random_normal(rng, {channels}, number)),
                                           to_gpu(random_normal(rng, {channels}, number)), 1e-5,
                                           Activation::elu()};
      gpu().norm.backward(false, x, x, mean, variance, parameters, add({3000, channels}, dtype),
                          add({channels}, number), add({channels}, number));
      gpu().reduce.column_sums(x, add({channels}, number));
      gpu().reduce.sum(x, add({1}, number));
      gpu().layout.permute(x, Permutation{1, 0}, add({channels, 3000}, dtype));
    }
    // Our own kernels: gather, then scatter; their weight gradients.
    for (const auto& [in, out, kernel, stride] :
         {std::array{9, 16, 3, 1}, std::array{8, 32, 4, 2}}) {
      if (dtype == DType::f64) break;
      const ConvGeometry g =
          ConvGeometry::convolution("conv", {2, 7, 8, 9, in}, {out, kernel, kernel, kernel, in},
                                    {{stride, stride, stride}, {1, 1, 1}});
      const Tensor x = to_gpu(random_normal(rng, g.input_shape(), dtype));
      const Tensor w = to_gpu(random_normal(rng, g.weight_shape(), dtype));
      const Tensor y = add(g.output_shape(), dtype);
      gpu().conv.forward(g, x, w, {}, y);
      gpu().conv.backward_data(g, y, w, {}, add(g.input_shape(), dtype));
      gpu().conv.backward_weight(g, x, y, add(g.weight_shape(), number));
    }
    const ConvGeometry g = random_geometry(rng, 9);
    gpu().conv.backward_weight(g, to_gpu(random_normal(rng, g.input_shape(), dtype)),
                               to_gpu(random_normal(rng, g.output_shape(), dtype)),
                               add(g.weight_shape(), number));
  }
  const Tensor pictures = add({3, 70, 70, 3}, DType::f32);
  gpu().images.transform(to_gpu(packed_pictures(rng)), pictures);
  const Tensor p = to_gpu(random_uniform(rng, {5000}, 0.1, 0.9, DType::f32));
  gpu().loss.binary_cross_entropy(p, p, add({1}, DType::f32));
  emulation::set_order(emulation::Order::forward);
  return results;
}

}  // namespace

TEST_CASE("the threads of a block wait for each other") {
  std::vector<int> x(100), y(100);
  for (int i = 0; i < 100; ++i) x[std::size_t(i)] = i * i;
  for (const emulation::Order order :
       {emulation::Order::forward, emulation::Order::reverse, emulation::Order::shuffled}) {
    emulation::set_order(order);
    CHECK(run(reverse_block, 100, x.data(), y.data()) == cudaSuccess);
    CHECK(std::equal(x.rbegin(), x.rend(), y.begin()));
  }
  emulation::set_order(emulation::Order::forward);
}

TEST_CASE("a barrier that is missing shows as another result in another order") {
  std::vector<int> x(100), forward(100), backward(100);
  for (int i = 0; i < 100; ++i) x[std::size_t(i)] = i;
  run(forget_to_wait, 100, x.data(), forward.data());
  for (int& value : x) value += 1000;
  emulation::set_order(emulation::Order::reverse);
  run(forget_to_wait, 100, x.data(), backward.data());
  emulation::set_order(emulation::Order::forward);
  for (int& value : backward) value -= 1000;
  CHECK(forward != backward);
}

TEST_CASE("shared memory that a block reads before it writes is poison, in every block") {
  const std::vector<int> x(100, 7);
  for (const unsigned blocks : {1u, 2u, 3u}) {
    std::vector<int> y(100);
    run(read_unwritten, 100, x.data(), y.data(), blocks);
    CHECK(y == std::vector<int>(100, -1));
  }
}

TEST_CASE("the lanes of a warp exchange values") {
  std::vector<int> x(64), y(64);
  for (int i = 0; i < 64; ++i) x[std::size_t(i)] = i;
  CHECK(run(sum_warp, 64, x.data(), y.data()) == cudaSuccess);
  CHECK(y[0] == 496);
  CHECK(y[31] == 496);
  CHECK(y[63] == 1520);
}

TEST_CASE("impossible launches are refused") {
  int x = 0, y = 0;
  CHECK(run(reverse_block, 1025, &x, &y) == cudaErrorInvalidConfiguration);
  CHECK(run(reverse_block, 0, &x, &y) == cudaErrorInvalidConfiguration);
}

TEST_CASE("a write outside of a block of memory is an error") {
  void* block = nullptr;
  REQUIRE(cudaMalloc(&block, 512) == cudaSuccess);
  cudaLaunchConfig_t config;
  char* bytes = static_cast<char*>(block);
  CHECK(static_cast<unsigned char>(bytes[0]) == 0xFF);  // poisoned
  CHECK(cudaLaunchKernelEx(&config, write_at, bytes, std::int64_t{511}) == cudaSuccess);
  CHECK(cudaLaunchKernelEx(&config, write_at, bytes, std::int64_t{512}) == cudaErrorIllegalAddress);
  CHECK(cudaLaunchKernelEx(&config, write_at, bytes, std::int64_t{-1}) == cudaErrorIllegalAddress);
  CHECK(cudaLaunchKernelEx(&config, write_at, bytes, std::int64_t{0}) == cudaSuccess);
  CHECK(cudaFree(block) == cudaSuccess);
}

TEST_CASE("a write past a tensor is an error where memory is exact") {
  cudaLaunchConfig_t config;
  for (const bool is_exact : {false, true}) {
    const ExactMemory exact(is_exact);
    const Tensor tensor({1001}, DType::u8, Device::cuda());
    char* const bytes = static_cast<char*>(tensor.raw());
    CHECK(cudaLaunchKernelEx(&config, write_at, bytes, std::int64_t{1000}) == cudaSuccess);
    CHECK(cudaLaunchKernelEx(&config, write_at, bytes, std::int64_t{1001}) ==
          (is_exact ? cudaErrorIllegalAddress : cudaSuccess));
  }
}

TEST_CASE("kernels give the same bits in every order of threads and blocks") {
  const std::vector<Tensor> expected = results_in(emulation::Order::forward);
  for (const emulation::Order order : {emulation::Order::reverse, emulation::Order::shuffled}) {
    gpu().memory.trim(
        0);  // fresh memory is poisoned, so that what is read before it is written shows
    const std::vector<Tensor> actual = results_in(order);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(i);
      CHECK(gpu().reduce.all_finite(actual[i]));
      CHECK(identical(to_cpu(actual[i]), to_cpu(expected[i])));
    }
  }
}
