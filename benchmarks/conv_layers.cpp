// Times every convolution of Pix2Vox-A and -F, one direction at a time:
//   benchmark_conv_layers [BATCH = 4] [--way NAME] [--only PART]                 on the CPU, f32
//   benchmark_conv_layers [BATCH = 1 64] --device cuda [--way NAME,NAME]         on a GPU
//                         [--precision f32,tf32,bf16] [--only PART] [--json FILE]
// NAME is an algorithm's, as for VOXGRAD_CONV; without one the backend chooses.
// Directions are those of the convolution: a transposed layer runs forward by its backward data.
// GFLOP/s are as usually counted: no credit is taken off for padding. PART is of a layer's name.
//
// On the CPU: the least time of several runs, and the share of the processor's measured peak. A
// loaded machine spoils wall-clock times, so processor time divided by the threads is printed
// beside them.
//
// On a GPU: microseconds per run of each algorithm (docs/gpu.md), median of several recordings of
// many runs on factors that do not fit into the GPU's cache; "-" where an algorithm does not
// support a problem. VGG is frozen, so it runs forward alone. Layers that end in a sigmoid have it,
// with an f32 result.
#include <fmt/core.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/exit_code.h"
#include "cpu/kernels.h"
#include "cpu/onednn/onednn.h"
#include "pix2vox/benchmark/peak_flops.h"
#include "pix2vox/network/summary.h"
#include "tensor/captured_graph.h"
#include "tensor/ops/backend.h"
#include "tensor/rng.h"

using namespace voxgrad;

namespace {

struct Layer {
  std::string name;
  ConvGeometry geometry;
  bool sigmoid = false;  // the backward data ends in one
};

struct Timing {
  double wall, processor;  // seconds; processor time per thread
};

Timing min_time(const std::function<void()>& run) {
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
std::vector<Layer> pix2vox_layers() {
  std::vector<Layer> layers;
  for (const std::string variant : {"A", "F"}) {
    Pix2Vox model(default_model(variant));
    for (const LayerSummary& each : summarize(model).layers) {
      if (!each.geometry) continue;
      Layer layer{variant + " " + each.name, *each.geometry};
      layer.sigmoid = each.kind.starts_with("ConvTranspose") && each.geometry->in_channels == 1;
      const auto same = [&](const Layer& other) { return other.geometry == layer.geometry; };
      if (std::ranges::none_of(layers, same)) layers.push_back(layer);
    }
  }
  return layers;
}

/// Those whose name has this part; on a GPU without linear layers, which are cuBLAS's.
std::vector<Layer> wanted_layers(const std::string& part, Device device) {
  std::vector<Layer> layers = pix2vox_layers();
  if (device.is_cuda())
    std::erase_if(layers, [](const Layer& each) { return each.geometry.spatial_rank == 0; });
  std::string names;
  for (const Layer& each : layers) names += "\n  " + each.name;
  std::erase_if(layers,
                [&](const Layer& each) { return each.name.find(part) == std::string::npos; });
  check<ConfigError>(!layers.empty(), "--only ", part, " is part of no layer's name:", names);
  return layers;
}

Tensor random_tensor(const Shape& shape) {
  Rng rng(std::uint64_t(shape.numel()));
  const Tensor result(shape);
  float* values = result.data<float>();
  for (std::int64_t i = 0; i < shape.numel(); ++i) values[i] = float(rng.uniform(-1, 1));
  return result;
}

/// The algorithm that the backend takes, and the kernel that oneDNN takes.
std::string kernel_of(const ConvProblem& problem) {
  const std::string name = cpu::conv_ops().table().choose(problem, false).name;
  return name == "onednn" ? name + " " + cpu::onednn::kernel_name(problem) : name;
}

void measure_cpu(const std::vector<Layer>& layers, std::int64_t batch, const std::string& way) {
  const double peak = measure_peak_flops(Device::cpu()).operations / 1e9;
  fmt::print("batch {}, {} threads, peak {:.0f} GFLOP/s\n", batch, omp_get_max_threads(), peak);
  fmt::print("{:<24} {:<16} {:<18} {:>9} {:>9} {:>9} {:>7}\n", "layer", "direction", "algorithm",
             "wall ms", "cpu ms", "GFLOP/s", "peak");
  const ConvOps& ops = cpu::conv_ops();
  check<ConfigError>(ops.table().force(way), "--way ", way, ": there are ", ops.table().names());
  for (const Layer& layer : layers) {
    ConvGeometry g = layer.geometry;
    g.batch = batch;
    const Tensor x = random_tensor(g.input_shape());
    const Tensor w = random_tensor(g.weight_shape());
    const Tensor y = random_tensor(g.output_shape());
    for (const auto direction :
         {ConvDirection::forward, ConvDirection::backward_data, ConvDirection::backward_weight}) {
      const ConvProblem problem{direction, g};
      const Timing timing = min_time([&] { ops.run(problem, {x, w, y}); });
      const double rate = 2e-9 * double(g.multiply_adds()) / timing.processor;
      fmt::print("{:<24} {:<16} {:<18} {:9.2f} {:9.2f} {:9.1f} {:6.0f}%\n", layer.name,
                 name_of(direction), kernel_of(problem), 1e3 * timing.wall, 1e3 * timing.processor,
                 rate, 100 * rate / peak);
    }
  }
}

void wait_for(Device device) {
  const StreamOps& ops = backend(device).stream;
  void* event = ops.record_event(device.index);
  ops.wait_event(event, device.index);
  ops.destroy_event(event, device.index);
}

double seconds_of(Device device, const std::function<void()>& run) {
  wait_for(device);
  const auto start = std::chrono::steady_clock::now();
  run();
  wait_for(device);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Seconds per run, run(i) being the i-th. Its launches are recorded, so that the host's share is
/// small.
double median_time(Device device, const std::function<void(int)>& run) {
  for (int i = 0; i < 2; ++i) run(i);  // plans are built, memory is there
  const double once = seconds_of(device, [&] { run(2); });
  const int runs = int(std::clamp(2e-3 / once, 1.0, 200.0));
  const auto all = [&] {
    for (int i = 0; i < runs; ++i) run(i);
  };
  CapturedGraph recording;
  if (CapturedGraph::supported(device)) recording = CapturedGraph(device, all);
  std::vector<double> seconds;
  for (int i = 0; i < (once > 0.1 ? 2 : 8); ++i)
    seconds.push_back(seconds_of(device,
                                 [&] {
                                   if (recording.defined())
                                     recording.replay();
                                   else
                                     all();
                                 }) /
                      runs);
  seconds.erase(seconds.begin());  // warm-up
  std::ranges::nth_element(seconds, seconds.begin() + std::ptrdiff_t(seconds.size() / 2));
  return seconds[seconds.size() / 2];
}

/// Random values; those of a large tensor repeat.
Tensor random_on(const Shape& shape, DType dtype, Device device) {
  const std::int64_t block = std::min<std::int64_t>(shape.numel(), 1 << 20);
  const Tensor values = random_tensor({block}).to(dtype).to(device);
  const Tensor flat({shape.numel()}, dtype, device);
  for (std::int64_t at = 0; at < shape.numel(); at += block) {
    const std::int64_t end = std::min(at + block, shape.numel());
    flat.slice(at, end).copy_from(values.slice(0, end - at));
  }
  return flat.reshape(shape);
}

struct DeviceRuns {
  std::string layer, direction, precision;
  std::int64_t batch = 0;
  double operations = 0, bytes = 0;  // bytes: each factor read once, the result written once
  std::vector<std::optional<double>> seconds{};  // of each way
};

/// One layer in every direction.
std::vector<DeviceRuns> measure_on(Device device, const Layer& layer, std::int64_t batch,
                                   Precision precision, const std::vector<std::string>& ways) {
  ConvGeometry g = layer.geometry;
  g.batch = batch;
  g.precision = precision;
  const bool bf16 = precision == Precision::bf16;
  const DType dtype = bf16 ? DType::bf16 : DType::f32;
  const DType up = layer.sigmoid ? DType::f32 : dtype;
  const Epilogue end{Tensor(), layer.sigmoid ? Activation::sigmoid() : Activation{}};
  struct Set {
    Tensor x, w, y, dw, x_result;
  };
  const auto size = [](const Shape& shape, DType type) {
    return double(shape.numel()) * double(size_of(type));
  };
  const double maps = size(g.input_shape(), dtype) + size(g.output_shape(), dtype);
  const double weights = size(g.weight_shape(), dtype);
  constexpr double cached = 128e6;
  std::vector<Set> sets(std::size_t(std::clamp(cached / (maps + weights), 1.0, 64.0)));
  for (Set& set : sets) {
    set.x = random_on(g.input_shape(), dtype, device);
    set.w = random_on(g.weight_shape(), dtype, device);
    set.y = random_on(g.output_shape(), dtype, device);
    set.dw = Tensor(g.weight_shape(), DType::f32, device);
    set.x_result = up == dtype ? set.x : Tensor(g.input_shape(), up, device);
  }
  const ConvOps& ops = backend(device).conv;
  std::vector<DeviceRuns> all;
  const auto add = [&](ConvDirection direction, DType result, const Epilogue& epilogue,
                       double bytes) {
    DeviceRuns each{layer.name,
                    name_of(direction),
                    name_of(precision),
                    g.batch,
                    2.0 * double(g.multiply_adds()),
                    bytes};
    const ConvProblem problem{direction, g, dtype, result, false, epilogue.activation};
    for (const std::string& way : ways) {
      ops.table().force(way);
      if (ops.table().choose(problem, false).name == way)
        each.seconds.push_back(median_time(device, [&](int i) {
          const Set& set = sets[std::size_t(i) % sets.size()];
          ConvOperands operands{set.x, set.w, set.y, epilogue};
          if (direction == ConvDirection::backward_data) operands.x = set.x_result;
          if (direction == ConvDirection::backward_weight) operands.w = set.dw;
          ops.run(problem, operands);
        }));
      else
        each.seconds.emplace_back();
    }
    ops.table().force("");
    all.push_back(each);
  };
  add(ConvDirection::forward, dtype, {}, maps + weights);
  if (layer.name.find("vgg") != std::string::npos) return all;
  const double up_bytes = size(g.input_shape(), up) + size(g.output_shape(), dtype) + weights;
  add(ConvDirection::backward_data, up, end, up_bytes);
  add(ConvDirection::backward_weight, DType::f32, {}, maps + size(g.weight_shape(), DType::f32));
  return all;
}

nlohmann::json to_json(const DeviceRuns& runs, const std::vector<std::string>& ways) {
  nlohmann::json row{{"layer", runs.layer},           {"direction", runs.direction},
                     {"precision", runs.precision},   {"batch", runs.batch},
                     {"operations", runs.operations}, {"bytes", runs.bytes}};
  for (std::size_t i = 0; i < ways.size(); ++i)
    row["seconds"][ways[i]] =
        runs.seconds[i] ? nlohmann::json(*runs.seconds[i]) : nlohmann::json(nullptr);
  return row;
}

struct Flags {
  std::vector<std::int64_t> batches;
  std::string device = "cpu", only, json;
  std::vector<std::string> ways, precisions{"f32", "tf32", "bf16"};
};

/// Written anew after each layer, so that a run that is ended early leaves what it had.
void write_json(const std::string& path, const nlohmann::json& rows) {
  std::ofstream file(path);
  file << rows.dump(1) << '\n';
  check(file.good(), path, ": cannot be written");
}

void measure_device(Device device, const std::vector<Layer>& layers, Flags flags) {
  if (flags.batches.empty()) flags.batches = {1, 64};
  nlohmann::json rows = nlohmann::json::array();
  fmt::print("{:<22} {:<16} {:<5} {:>5}", "layer, us", "direction", "", "batch");
  for (const std::string& way : flags.ways) fmt::print(" {:>14}", way);
  fmt::print(" {:>8} {:>8}  least\n", "GFLOP", "MB");
  for (const std::int64_t batch : flags.batches)
    for (const Layer& layer : layers) {
      for (const std::string& precision : flags.precisions)
        for (const DeviceRuns& runs :
             measure_on(device, layer, batch, precision_from(precision), flags.ways)) {
          fmt::print("{:<22} {:<16} {:<5} {:>5}", runs.layer, runs.direction, precision, batch);
          std::size_t best = 0;
          for (std::size_t i = 0; i < flags.ways.size(); ++i) {
            const auto& seconds = runs.seconds[i];
            fmt::print(" {:>14}", seconds ? fmt::format("{:.1f}", 1e6 * *seconds) : "-");
            if (seconds && (!runs.seconds[best] || *seconds < *runs.seconds[best])) best = i;
          }
          fmt::print(" {:>8.2f} {:>8.1f}  {}\n", 1e-9 * runs.operations, 1e-6 * runs.bytes,
                     runs.seconds[best] ? flags.ways[best] : "-");
          std::fflush(stdout);
          rows.push_back(to_json(runs, flags.ways));
        }
      if (!flags.json.empty()) write_json(flags.json, rows);
      backend(device).memory.trim(device.index);
    }
}

void measure(Flags flags) {
  const Device device = Device::parse(flags.device);
  const ConvOps& ops = backend(device).conv;
  if (device.is_cuda() && flags.ways.empty())
    flags.ways = {"plane_sweep", "small_channels", "cudnn", "reference"};
  for (const std::string& way : flags.ways)
    check<ConfigError>(ops.table().force(way), "--way ", way, ": on ", device, " there are ",
                       ops.table().names());
  ops.table().force("");
  for (const std::string& precision : flags.precisions) precision_from(precision);
  check<ConfigError>(device.is_cuda() || (flags.batches.size() <= 1 && flags.ways.size() <= 1 &&
                                          flags.json.empty()),
                     "on the CPU: one batch, one way, no --json");
  const std::vector<Layer> layers = wanted_layers(flags.only, device);
  if (device.is_cuda())
    measure_device(device, layers, flags);
  else
    measure_cpu(layers, flags.batches.empty() ? 4 : flags.batches.front(),
                flags.ways.empty() ? "" : flags.ways.front());
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Times every convolution of Pix2Vox-A and -F");
  app.add_option("batch", flags.batches, "samples; several on a GPU")->check(CLI::PositiveNumber);
  app.add_option("--device", flags.device, "cpu, cuda or cuda:N");
  app.add_option("--way", flags.ways, "algorithms, as for VOXGRAD_CONV")->delimiter(',');
  app.add_option("--precision", flags.precisions, "GPU: f32, tf32, bf16")->delimiter(',');
  app.add_option("--only", flags.only, "a part of a layer's name");
  app.add_option("--json", flags.json, "GPU: a file for the figures");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? apps::kOk : apps::kUsage;
  }
  return apps::run_reporting_errors("benchmark_conv_layers", [&] {
    measure(flags);
    return apps::kOk;
  });
}
