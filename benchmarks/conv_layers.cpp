// Times every convolution of Pix2Vox-A and -F on the CPU, one direction at a time, f32:
//   benchmark_conv_layers [batch = 4] [fast | loops] [part of a layer's name]
// Directions are those of the convolution: a transposed layer runs forward by its backward data.
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

#include "cpu/conv_few_pixels.h"
#include "cpu/conv_planes.h"
#include "cpu/conv_winograd.h"
#include "cpu/kernels.h"
#include "cpu/linear.h"
#include "cpu/onednn.h"
#include "pix2vox/peak.h"
#include "pix2vox/summary.h"
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

// Of both networks, each geometry once.
std::vector<Layer> pix2vox_layers(std::int64_t batch) {
  std::vector<Layer> layers;
  for (const std::string variant : {"A", "F"}) {
    Pix2Vox model(default_model(variant));
    for (const LayerSummary& each : summarize(model).layers) {
      if (!each.geometry) continue;
      Layer layer{variant + " " + each.name, *each.geometry};
      layer.geometry.batch = batch;
      const auto same = [&](const Layer& other) { return other.geometry == layer.geometry; };
      if (std::ranges::none_of(layers, same)) layers.push_back(layer);
    }
  }
  return layers;
}

Tensor random_tensor(const Shape& shape) {
  Rng rng(std::uint64_t(shape.numel()));
  const Tensor result(shape);
  float* values = result.data<float>();
  for (std::int64_t i = 0; i < shape.numel(); ++i) values[i] = float(rng.uniform(-1, 1));
  return result;
}

/// What conv_onednn_ops runs.
std::string kernel_of(cpu::onednn::Direction direction, const ConvGeometry& g) {
  if (cpu::conv_few_pixels::suits(g)) return "few pixels";
  if (cpu::linear::suits(g)) return "matrix product";
  if (direction == cpu::onednn::Direction::backward_data && cpu::conv_planes::suits(g))
    return "maps of taps";
  if (direction == cpu::onednn::Direction::forward && cpu::conv_winograd::pays_once(g))
    return "Winograd";
  const std::string name = cpu::onednn::kernel_name(direction, g);
  return name == "none" ? "loops" : name;
}

}  // namespace

int main(int argc, char** argv) {
  using cpu::onednn::Direction;
  const std::int64_t batch = argc > 1 ? std::stoll(argv[1]) : 4;
  const bool loops = argc > 2 && std::string(argv[2]) == "loops";
  const std::string wanted = argc > 3 ? argv[3] : "";
  const double peak = measure_peak(Device::cpu()).operations / 1e9;
  fmt::print("batch {}, {} threads, peak {:.0f} GFLOP/s\n", batch, omp_get_max_threads(), peak);
  fmt::print("{:<24} {:<16} {:<18} {:>9} {:>9} {:>9} {:>7}\n", "layer", "direction", "kernel",
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
      fmt::print("{:<24} {:<16} {:<18} {:9.2f} {:9.2f} {:9.1f} {:6.0f}%\n", layer.name, name,
                 loops ? "loops" : kernel_of(direction, g), 1e3 * timing.wall,
                 1e3 * timing.processor, rate, 100 * rate / peak);
    };
    const ConvOps& ops = loops ? cpu::conv_reference_ops : cpu::conv_onednn_ops;
    row(Direction::forward, "forward", [&] { ops.forward(g, x, w, {}, y); });
    row(Direction::backward_data, "backward data", [&] { ops.backward_data(g, y, w, {}, x); });
    row(Direction::backward_weight, "backward weight", [&] { ops.backward_weight(g, x, y, w); });
  }
}
