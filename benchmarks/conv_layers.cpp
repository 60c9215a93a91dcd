// Times every convolution of Pix2Vox-A and -F on the CPU, one direction at a time, f32:
//   benchmark_conv_layers [batch = 4] [fast | loops] [part of a layer's name]
// For each layer and direction: the least time of several runs, GFLOP/s as usually counted (no
// credit is taken off for padding), and the share of the processor's measured peak. A loaded
// machine spoils wall-clock times, so processor time divided by the threads is printed beside them.
#include <fmt/core.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "cpu/conv_matrix.h"
#include "cpu/kernels.h"
#include "cpu/onednn.h"
#include "tensor/rng.h"

using namespace voxgrad;

namespace {

struct Layer {
  std::string name;
  ConvGeometry geometry;
};

struct Timing {
  double wall, processor;  // seconds; processor time a thread
};

Timing least_time(const std::function<void()>& run) {
  Timing best{1e9, 1e9};
  double spent = 0;
  for (int i = 0; i < 3 || (spent < 0.3 && i < 50); ++i) {
    const auto wall = std::chrono::steady_clock::now();
    const std::clock_t processor = std::clock();
    run();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
    best.wall = std::min(best.wall, seconds);
    best.processor = std::min(
        best.processor, double(std::clock() - processor) / CLOCKS_PER_SEC / omp_get_max_threads());
    spent += seconds;
  }
  return best;
}

ConvGeometry conv2d(std::int64_t batch, std::int64_t size, std::int64_t in, std::int64_t out,
                    std::int64_t kernel, std::int64_t padding) {
  return ConvGeometry::convolution("conv2d", {batch, size, size, in}, {out, kernel, kernel, in},
                                   {{1, 1, 1}, {0, padding, padding}});
}

ConvGeometry conv3d(std::int64_t batch, std::int64_t size, std::int64_t in, std::int64_t out,
                    std::int64_t kernel, std::int64_t padding) {
  return ConvGeometry::convolution("conv3d", {batch, size, size, size, in},
                                   {out, kernel, kernel, kernel, in},
                                   {{1, 1, 1}, {padding, padding, padding}});
}

ConvGeometry upsampling(std::int64_t batch, std::int64_t size, std::int64_t in, std::int64_t out) {
  return ConvGeometry::transposed("conv_transpose3d", {batch, size, size, size, in},
                                  {in, 4, 4, 4, out}, {{2, 2, 2}, {1, 1, 1}});
}

std::vector<Layer> pix2vox_layers(std::int64_t n) {
  return {{"vgg 1_1", conv2d(n, 224, 3, 64, 3, 1)},
          {"vgg 1_2", conv2d(n, 224, 64, 64, 3, 1)},
          {"vgg 2_1", conv2d(n, 112, 64, 128, 3, 1)},
          {"vgg 2_2", conv2d(n, 112, 128, 128, 3, 1)},
          {"vgg 3_1", conv2d(n, 56, 128, 256, 3, 1)},
          {"vgg 3_2", conv2d(n, 56, 256, 256, 3, 1)},
          {"vgg 4_1", conv2d(n, 28, 256, 512, 3, 1)},
          {"A encoder 1", conv2d(n, 28, 512, 512, 3, 0)},
          {"A encoder 2", conv2d(n, 26, 512, 512, 3, 0)},
          {"A encoder 3", conv2d(n, 8, 512, 256, 1, 0)},
          {"F encoder 1", conv2d(n, 28, 512, 512, 1, 0)},
          {"F encoder 2", conv2d(n, 28, 512, 256, 3, 0)},
          {"F encoder 3", conv2d(n, 6, 256, 128, 3, 0)},
          {"A decoder 1", upsampling(n, 2, 2048, 512)},
          {"A decoder 2", upsampling(n, 4, 512, 128)},
          {"A decoder 3", upsampling(n, 8, 128, 32)},
          {"F decoder 1", upsampling(n, 2, 256, 128)},
          {"F decoder 2", upsampling(n, 4, 128, 64)},
          {"F decoder 3", upsampling(n, 8, 64, 32)},
          {"decoder 4", upsampling(n, 16, 32, 8)},
          {"decoder 5", conv3d(n, 32, 1, 8, 1, 0)},
          {"merger 1", conv3d(n, 32, 9, 16, 3, 1)},
          {"merger 2", conv3d(n, 32, 16, 8, 3, 1)},
          {"merger 3", conv3d(n, 32, 8, 4, 3, 1)},
          {"merger 4", conv3d(n, 32, 4, 2, 3, 1)},
          {"merger 5", conv3d(n, 32, 2, 1, 3, 1)},
          {"refiner 1", conv3d(n, 32, 1, 32, 4, 2)},
          {"refiner 2", conv3d(n, 16, 32, 64, 4, 2)},
          {"refiner 3", conv3d(n, 8, 64, 128, 4, 2)},
          {"refiner 4", ConvGeometry::linear("linear", {n, 8192}, {2048, 8192})},
          {"refiner 5", ConvGeometry::linear("linear", {n, 2048}, {8192, 2048})},
          {"refiner 6", upsampling(n, 4, 128, 64)},
          {"refiner 7", upsampling(n, 8, 64, 32)},
          {"refiner 8", upsampling(n, 16, 32, 1)}};
}

Tensor random_tensor(const Shape& shape) {
  Rng rng(std::uint64_t(shape.numel()));
  const Tensor result(shape);
  float* values = result.data<float>();
  for (std::int64_t i = 0; i < shape.numel(); ++i) values[i] = float(rng.uniform(-1, 1));
  return result;
}

/// What fused multiply-adds alone can reach: independent chains that never leave the registers.
double peak_gflops() {
#ifdef __AVX512F__
  constexpr int chains = 10, lanes = 16;
#else
  constexpr int chains = 10, lanes = 8;
#endif
  constexpr std::int64_t steps = 10'000'000;
  const Timing timing = least_time([] {
    float total = 0;
#pragma omp parallel reduction(+ : total)
    {
      using Lanes [[gnu::vector_size(4 * lanes)]] = float;
      Lanes sums[chains] = {};
      for (std::int64_t step = 0; step < steps; ++step)
        for (int chain = 0; chain < chains; ++chain)
          sums[chain] = sums[chain] * 0.999f + float(chain + 1);
      for (const Lanes& sum : sums) total += sum[0];
    }
    if (total == 42.0f) fmt::print("\n");  // keeps the work from being dropped
  });
  return 2e-9 * double(lanes) * double(chains) * double(steps) * omp_get_max_threads() /
         timing.processor;
}

/// What conv_onednn_ops runs.
std::string kernel_of(cpu::onednn::Direction direction, const ConvGeometry& g) {
  if (cpu::conv_matrix::suits(g)) return "matrix product";
  const std::string name = cpu::onednn::kernel_name(direction, g);
  return name == "none" ? "loops" : name;
}

}  // namespace

int main(int argc, char** argv) {
  using cpu::onednn::Direction;
  const std::int64_t batch = argc > 1 ? std::stoll(argv[1]) : 4;
  const bool loops = argc > 2 && std::string(argv[2]) == "loops";
  const std::string wanted = argc > 3 ? argv[3] : "";
  const double peak = peak_gflops();
  fmt::print("batch {}, {} threads, peak {:.0f} GFLOP/s\n", batch, omp_get_max_threads(), peak);
  fmt::print("{:<12} {:<16} {:<18} {:>9} {:>9} {:>9} {:>7}\n", "layer", "direction", "kernel",
             "wall ms", "cpu ms", "GFLOP/s", "peak");
  for (const Layer& layer : pix2vox_layers(batch)) {
    if (layer.name.find(wanted) == std::string::npos) continue;
    const ConvGeometry& g = layer.geometry;
    const Tensor x = random_tensor(g.input_shape());
    const Tensor w = random_tensor(g.weight_shape());
    const Tensor y = random_tensor(g.output_shape());
    const auto row = [&](Direction direction, const char* name, const std::function<void()>& run) {
      const Timing timing = least_time(run);
      const double rate = 2e-9 * double(g.multiply_adds()) / timing.processor;
      fmt::print("{:<12} {:<16} {:<18} {:9.2f} {:9.2f} {:9.1f} {:6.0f}%\n", layer.name, name,
                 loops ? "loops" : kernel_of(direction, g), 1e3 * timing.wall,
                 1e3 * timing.processor, rate, 100 * rate / peak);
    };
    const ConvOps& ops = loops ? cpu::conv_reference_ops : cpu::conv_onednn_ops;
    row(Direction::forward, "forward", [&] { ops.forward(g, x, w, {}, y); });
    row(Direction::backward_data, "backward data", [&] { ops.backward_data(g, y, w, {}, x); });
    row(Direction::backward_weight, "backward weight", [&] { ops.backward_weight(g, x, y, w); });
  }
}
