// pix2vox doctor
#include <fmt/format.h>
#include <omp.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "apps/command_line/json_flag.h"
#include "apps/command_line/version.h"
#include "apps/terminal/training_text.h"
#include "apps/verbs/machine.h"
#include "apps/verbs/verbs.h"
#include "io/plural.h"
#include "layers/gradcheck_cases.h"
#include "pix2vox/benchmark/resident.h"
#include "pix2vox/prediction/grab_cut.h"
#include "simd/isa.h"
#include "tensor/environment.h"
#include "tensor/ops/backend.h"
#include "voxels/image/image.h"

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

std::string memory() {
  const std::optional<std::uint64_t> installed = installed_bytes(), free = available_bytes();
  if (!installed || !free) return "unknown";
  return fmt::format("{}, {} free", format_bytes(double(*installed)), format_bytes(double(*free)));
}

std::string disk(const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  if (error) return error.message();
  return fmt::format("{}, {} free ({})", format_bytes(double(space.capacity)),
                     format_bytes(double(space.available)), folder.string());
}

/// Graphics processors of NVIDIA that the system knows, whether or not this program can use them.
std::string graphics_processors() {
  std::string names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", error)) {
    std::ifstream file(entry.path() / "information");
    std::string line;
    while (std::getline(file, line))
      if (line.starts_with("Model:")) {
        const std::size_t begin = line.find_first_not_of(" \t", 6);
        if (begin == std::string::npos) continue;
        names += (names.empty() ? "" : ", ") + line.substr(begin);
      }
  }
  return names.empty() ? "none that the driver names" : names;
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
  found["pictures"] = readable_formats();
  found["GrabCut"] = has_grab_cut()
                         ? "built in"
                         : "not built in: install libopencv-imgproc-dev and build again, "
                           "or give predict a --mask";
  found["memory"] = memory();
  found["disk"] = disk(std::filesystem::current_path());
  found["GPU of NVIDIA"] = graphics_processors();
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
  Verb* verb = app.add_subcommand("doctor", "Print what this machine and this program can do");
  json->add(*verb);
  verb->footer(
      "Example:\n"
      "  pix2vox doctor");
  verb->callback([json, &action] { action = [json] { return doctor(*json); }; });
}

}  // namespace voxgrad::apps
