// pix2vox doctor
#include <fmt/format.h>
#include <omp.h>

#include <iostream>
#include <thread>

#include "apps/verbs.h"
#include "apps/version.h"
#include "layers/gradcheck_cases.h"
#include "simd/isa.h"
#include "tensor/environment.h"
#include "tensor/ops/backend.h"

namespace voxgrad::apps {
namespace {

void line(const std::string& what, const std::string& found) {
  std::cout << fmt::format("{:<22} {}\n", what, found);
}

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

int doctor() {
  line("pix2vox", version() + ", commit " + commit());
  line("processor", fmt::format("{} cores, {} threads in use", std::thread::hardware_concurrency(),
                                omp_get_max_threads()));
  line("instructions", instructions());
  std::string libraries;
  for (const auto& [name, number] : library_versions())
    libraries += (libraries.empty() ? "" : ", ") + name + " " + number;
  line("libraries", libraries);
  line("cpu", try_device(Device::cpu()));
  for (const EnvironmentVariable& each : kEnvironment)
    if (const char* value = environment(each.name))
      line(each.name, fmt::format("{} ({})", value, each.meaning));
  line("CUDA",
       cuda_built_in()
           ? "built in"
           : "not built in: configure with -DVOXGRAD_CUDA=ON where nvcc and cuDNN are installed");
  const int devices = cuda_device_count();
  for (int i = 0; i < devices; ++i) line(fmt::format("cuda:{}", i), try_device(Device::cuda(i)));
  if (devices == 0) line("CUDA devices", "none: --device auto takes the CPU");
  if (devices == 0 && cuda_built_in()) {
    try {
      backend(Device::cuda());
    } catch (const DeviceError& error) {
      line("", error.what());
    }
  }
  return kOk;
}

}  // namespace

void add_doctor(Verb& app, Action& action) {
  Verb* verb = app.add_subcommand("doctor", "Say what this machine and this program can do");
  verb->footer(
      "Example:\n"
      "  pix2vox doctor");
  verb->callback([&action] { action = doctor; });
}

}  // namespace voxgrad::apps
