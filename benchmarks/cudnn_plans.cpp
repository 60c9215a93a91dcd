// Times every plan that cuDNN has for the convolutions of Pix2Vox on this GPU, as far as plans keep
// what cuda/conv/cudnn/plan.h promises:
//   benchmark_cudnn_plans [BATCH = 64] [--precision bf16,tf32] [--only PART] [--json FILE]
//   benchmark_cudnn_plans --describe FILE     what cuDNN says of the GPU, as for
//   tests/cuda/libraries/h100.json
// Each problem's first plan is what the heuristics put first. From the JSON, which is written anew
// after each layer, tools/first-gpu-run/report makes the table of tuned plans
// (cuda/conv/cudnn/tuned.h). Each result is compared with the first plan's: "off" is the largest
// difference, as a share of the largest value.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/exit_code.h"
#include "cuda/conv/cudnn/plan.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/handles.h"
#include "pix2vox/network/summary.h"
#include "tensor/captured_graph.h"
#include "tensor/ops/backend.h"
#include "tensor/rng.h"

using namespace voxgrad;
using namespace voxgrad::cuda;
using nlohmann::json;

namespace {

const Device kDevice = Device::cuda();

struct Layer {
  std::string name;
  ConvGeometry geometry;
};

/// Of both networks, each geometry once, without linear layers.
std::vector<Layer> layers(const std::string& part) {
  std::vector<Layer> result;
  for (const std::string variant : {"A", "F"}) {
    Pix2Vox model(default_model(variant));
    for (const LayerSummary& each : summarize(model).layers) {
      const std::string name = variant + " " + each.name;
      if (!each.geometry || each.geometry->spatial_rank == 0) continue;
      const auto same = [&](const Layer& other) { return other.geometry == *each.geometry; };
      if (name.find(part) != std::string::npos && std::ranges::none_of(result, same))
        result.push_back({name, *each.geometry});
    }
  }
  return result;
}

cudnn::Math math_of(Precision precision) {
  return precision == Precision::bf16   ? cudnn::Math::bf16
         : precision == Precision::tf32 ? cudnn::Math::tf32
                                        : cudnn::Math::f32;
}

/// Random values; those of a large tensor repeat.
Tensor random_on_device(const Shape& shape, DType dtype) {
  const std::int64_t block = std::min<std::int64_t>(shape.numel(), 1048573);
  Rng rng(std::uint64_t(shape.numel()));
  const Tensor host({block});
  for (std::int64_t i = 0; i < block; ++i) host.data<float>()[i] = float(rng.uniform(-1, 1));
  const Tensor values = host.to(dtype).to(kDevice), flat({shape.numel()}, dtype, kDevice);
  for (std::int64_t at = 0; at < shape.numel(); at += block) {
    const std::int64_t end = std::min(at + block, shape.numel());
    flat.slice(at, end).copy_from(values.slice(0, end - at));
  }
  return flat.reshape(shape);
}

void wait() {
  backend(kDevice).memory.synchronize(kDevice.index);
}

/// The tensors of a problem, and what its result was by the first plan.
struct Work {
  Tensor x, w, y, workspace;
  Tensor* result = nullptr;
  std::vector<double> first{};

  Work(const cudnn::Problem& problem, DType dtype) {
    const ConvGeometry& g = problem.geometry;
    x = random_on_device(g.input_shape(), dtype);
    w = random_on_device(g.weight_shape(), dtype);
    y = random_on_device(g.output_shape(), dtype);
    result = problem.direction == ConvDirection::forward         ? &y
             : problem.direction == ConvDirection::backward_data ? &x
                                                                 : &w;
  }
  /// Differences of the first million elements.
  double off() {
    const std::int64_t count = std::min<std::int64_t>(result->numel(), 1 << 20);
    const std::vector<double> now = result->reshape({result->numel()})
                                        .slice(0, count)
                                        .to(Device::cpu())
                                        .to(DType::f64)
                                        .to_vector<double>();
    if (first.empty()) first = now;
    double most = 0, largest = 1e-300;
    for (std::size_t i = 0; i < now.size(); ++i) {
      most = std::max(most, std::fabs(now[i] - first[i]));
      largest = std::max(largest, std::fabs(first[i]));
      if (now[i] != now[i]) return INFINITY;
    }
    return most / largest;
  }
};

/// Seconds per run, the least of several recordings of many; negative, with why, where it fails.
double time_plan(const cudnn::Plan& plan, Work& work, std::string& why) {
  if (plan.workspace_bytes() > 0)
    work.workspace = Tensor({std::int64_t(plan.workspace_bytes())}, DType::u8, kDevice);
  const cudnn::Arguments arguments{work.x.raw(), work.w.raw(), work.y.raw(), nullptr,
                                   work.workspace.defined() ? work.workspace.raw() : nullptr};
  const auto run = [&] { return plan.run(cudnn_handle(), arguments, why); };
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point start) {
    wait();
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  if (!run()) return -1;
  wait();
  const auto start = Clock::now();
  run();
  const int runs = int(std::clamp(2e-3 / seconds_since(start), 1.0, 100.0));
  const CapturedGraph recording(kDevice, [&] {
    for (int i = 0; i < runs; ++i) run();
  });
  double least = 1e9;
  for (int i = 0; i < 4; ++i) {
    const auto begin = Clock::now();
    recording.replay();
    least = std::min(least, seconds_since(begin) / runs);
  }
  return least;
}

/// All plans of a problem, in the Planner's order.
json time_plans(const std::string& layer, const cudnn::Problem& problem, Precision precision) {
  Work work(problem, precision == Precision::bf16 ? DType::bf16 : DType::f32);
  const cudnn::Target target(cudnn_handle());
  cudnn::Planner planner(target, problem, cudnn::default_workspace_limit);
  json plans = json::array();
  cudnn::Plan plan;
  for (int position = 0; planner.next(plan); ++position) {
    std::string why;
    const double seconds = time_plan(plan, work, why);
    json each{{"position", position},
              {"engine", plan.engine()},
              {"workspace", plan.workspace_bytes()},
              {"tensor_cores", plan.tensor_cores()}};
    if (seconds < 0)
      each["failed"] = why;
    else
      each.update({{"seconds", seconds}, {"off", work.off()}});
    fmt::print("{:<22} {:<16} {:<5} {:>3} engine {:>3} {:>10.1f} us {:>6.0f} MB\n", layer,
               name_of(problem.direction), name_of(precision), position, plan.engine(),
               1e6 * seconds, 1e-6 * double(plan.workspace_bytes()));
    std::fflush(stdout);
    plans.push_back(each);
  }
  return {{"layer", layer},
          {"direction", name_of(problem.direction)},
          {"precision", name_of(precision)},
          {"problem", concat(problem)},
          {"plans", plans}};
}

struct Flags {
  std::int64_t batch = 64;
  std::vector<std::string> precisions{"bf16", "tf32"};
  std::string only, json, describe;
};

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << '\n';
  check(file.good(), path, ": cannot be written");
}

void measure(const Flags& flags) {
  int major = 0, minor = 0;
  check_cuda(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0), "attribute");
  check_cuda(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0), "attribute");
  json report{{"cudnn", cudnnGetVersion()},
              {"capability", 10 * major + minor},
              {"device", json::parse(cudnn::Target::description(cudnn_handle()))["deviceName"]},
              {"problems", json::array()}};
  for (const Layer& layer : layers(flags.only)) {
    for (const std::string& name : flags.precisions)
      for (const auto direction :
           {ConvDirection::forward, ConvDirection::backward_data, ConvDirection::backward_weight}) {
        // VGG is frozen: it runs forward alone.
        if (layer.name.find("vgg") != std::string::npos && direction != ConvDirection::forward)
          continue;
        const Precision precision = precision_from(name);
        cudnn::Problem problem{direction, math_of(precision), layer.geometry, false, {}};
        problem.geometry.batch = flags.batch;
        problem.geometry.precision = precision;
        report["problems"].push_back(time_plans(layer.name, problem, precision));
      }
    if (!flags.json.empty()) write(flags.json, report.dump(1));
    backend(kDevice).memory.trim(kDevice.index);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Times every plan of cuDNN's for the convolutions of Pix2Vox");
  app.add_option("batch", flags.batch, "samples")->check(CLI::PositiveNumber);
  app.add_option("--precision", flags.precisions, "f32, tf32, bf16")->delimiter(',');
  app.add_option("--only", flags.only, "a part of a layer's name");
  app.add_option("--json", flags.json, "a file for the figures");
  app.add_option("--describe", flags.describe, "write what cuDNN says of the GPU there, and end");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? apps::kOk : apps::kUsage;
  }
  return apps::run_reporting_errors("benchmark_cudnn_plans", [&] {
    backend(kDevice);  // or an error that says why there is no device
    check<DeviceError>(cuda_device_count() > 0, "no CUDA device");
    if (!flags.describe.empty())
      write(flags.describe, cudnn::Target::description(cudnn_handle()));
    else
      measure(flags);
    return apps::kOk;
  });
}
