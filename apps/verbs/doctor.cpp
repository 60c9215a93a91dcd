// pix2vox doctor
#include <fmt/format.h>
#include <omp.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/command_line/json_flag.h"
#include "apps/command_line/version.h"
#include "apps/verbs/machine.h"
#include "apps/verbs/verbs.h"
#include "io/plural.h"
#include "layers/gradcheck_cases.h"
#include "simd/isa.h"
#include "tensor/environment.h"
#include "tensor/ops/backend.h"

namespace voxgrad::apps {
namespace {

using Findings = nlohmann::ordered_json;  // what: found

// One small convolution, forward and backward, against central differences.
std::string try_device(Device device) {
  const GradcheckCase each = make_gradcheck_case("conv3d", 1, 0, device);
  const GradcheckResult result = gradcheck(each.function, each.inputs);
  return result.passed ? fmt::format("works (gradient check: error {:.1e})", result.max_error)
                       : "gives wrong gradients: " + result.message;
}

// The level of the kernels in use, and those that VOXGRAD_ISA can ask for.
std::string instructions() {
  std::string others;
  for (const Isa isa : available_isas())
    if (isa != current_isa()) others.append(others.empty() ? "" : ", ").append(name(isa));
  return std::string(name(current_isa())) +
         (others.empty() ? "" : " (VOXGRAD_ISA can choose: " + others + ")");
}

Findings examine() {
  Findings found;
  found["pix2vox"] = version();
  found["commit"] = commit();
  found["processor"] = fmt::format("{}: {}, {} in use", processor_name(),
                                   counted(std::thread::hardware_concurrency(), "core"),
                                   counted(omp_get_max_threads(), "thread"));
  found["instructions"] = instructions();
  std::string libraries;
  for (const auto& [name, number] : library_versions())
    libraries += (libraries.empty() ? "" : ", ") + name + " " + number;
  found["libraries"] = libraries;
  found["cpu"] = try_device(Device::cpu());
  for (const EnvironmentVariable& each : kEnvironment)
    if (const char* value = environment(each.name))
      found[each.name] = fmt::format("{} ({})", value, each.meaning);
  found["CUDA"] =
      cuda_built_in()
          ? "built in"
          : "not built in: configure with -DVOXGRAD_CUDA=ON where nvcc and cuDNN are installed";
  const int devices = cuda_device_count();
  for (int i = 0; i < devices; ++i) found[fmt::format("cuda:{}", i)] = try_device(Device::cuda(i));
  if (devices == 0) found["CUDA devices"] = "none: --device auto takes the CPU";
  if (devices == 0 && cuda_built_in()) {
    try {
      backend(Device::cuda());
    } catch (const DeviceError& error) {
      found["CUDA driver"] = error.what();
    }
  }
  return found;
}

int doctor(const JsonFlag& json) {
  json.check_writable();
  const Findings found = examine();
  if (json.prints_text())
    for (const auto& [what, value] : found.items())
      std::cout << fmt::format("{:<22} {}\n", what, value.get<std::string>());
  json.write(found.dump(2));
  return kOk;
}

}  // namespace

void add_doctor(Verb& app, Action& action) {
  auto json = std::make_shared<JsonFlag>();
  Verb* verb = app.add_subcommand("doctor", "Say what this machine and this program can do");
  json->add(*verb);
  verb->footer(
      "Example:\n"
      "  pix2vox doctor");
  verb->callback([json, &action] { action = [json] { return doctor(*json); }; });
}

}  // namespace voxgrad::apps
