// pix2vox gradcheck
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/command_line/json_flag.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/verbs.h"
#include "io/plural.h"
#include "layers/gradcheck_cases.h"
#include "layers/planted_faults.h"

namespace voxgrad::apps {
namespace {

struct GradcheckFlags {
  std::string layer;
  std::uint64_t seed = 1;
  std::uint64_t cases = 5;
  bool plant = false;
  JsonFlag json;
  DeviceFlags device;
};

/// Checks gradients that are wrong on purpose: kOk if every fault is found.
int run_planted(const GradcheckFlags& flags, const std::atomic<bool>& stop) {
  const std::vector<PlantedFault> faults = planted_faults(flags.seed, flags.device.apply());
  const bool text = flags.json.prints_text();
  std::size_t found = 0;
  nlohmann::json rows = nlohmann::json::array();
  for (const PlantedFault& fault : faults) {
    if (stop) break;
    const GradcheckResult result = gradcheck_subsets(fault.wrong.function, fault.wrong.inputs);
    found += !result.passed;
    rows.push_back({{"fault", fault.name},
                    {"layer", fault.layer},
                    {"case", fault.wrong.description},
                    {"found", !result.passed},
                    {"message", result.message}});
    if (text)
      std::cout << fmt::format("{:<9} {}, in {}\n{}", result.passed ? "NOT FOUND" : "found",
                               fault.name, fault.layer,
                               result.passed ? "" : "          " + result.message + "\n")
                << std::flush;
  }
  flags.json.write(rows.dump(2));
  if (stop) return signal_exit_code();
  if (text) std::cout << fmt::format("{} of {} planted faults found\n", found, faults.size());
  return found == faults.size() ? kOk : kFailed;
}

int run_gradcheck(const GradcheckFlags& flags) {
  const std::atomic<bool>& stop = watch_signals("stopping after this case\n");
  flags.json.check_writable();
  if (flags.plant) {
    check<ConfigError>(flags.layer.empty(), "--plant has faults for several layers: name none");
    return run_planted(flags, stop);
  }
  const Device device = flags.device.apply();
  const std::vector<std::string> layers =
      flags.layer.empty() ? gradcheck_layers() : std::vector<std::string>{flags.layer};
  make_gradcheck_case(layers.front(), flags.seed, 0, device);  // an unknown layer is refused first
  bool all_passed = true;
  nlohmann::json rows = nlohmann::json::array();
  const bool text = flags.json.prints_text();
  if (text)
    std::cout << fmt::format("{:<24} {:<76} {:>12}  {}\n", "layer", "case", "max rel error",
                             "verdict");
  for (const std::string& layer : layers) {
    for (std::uint64_t index = 0; index < flags.cases && !stop; ++index) {
      const GradcheckCase each = make_gradcheck_case(layer, flags.seed, index, device);
      const GradcheckResult result = gradcheck_subsets(each.function, each.inputs);
      all_passed = all_passed && result.passed;
      rows.push_back({{"layer", layer},
                      {"case", each.description},
                      {"max_relative_error", result.max_error},
                      {"passed", result.passed},
                      {"message", result.message}});
      if (text) {
        std::cout << fmt::format("{:<24} {:<76} {:>12.1e}  {}\n", layer, each.description,
                                 result.max_error,
                                 result.passed ? "ok" : "FAILED: " + result.message)
                  << std::flush;
      }
    }
  }
  flags.json.write(rows.dump(2));
  if (stop) {
    std::cerr << fmt::format("stopped after {} of {}: {}\n", rows.size(),
                             counted(layers.size() * flags.cases, "case"),
                             all_passed ? "these are right" : "some gradients are wrong");
    return signal_exit_code();
  }
  if (text)
    std::cout << (all_passed ? "all gradients agree with central differences to 1e-6\n"
                             : "some gradients are wrong\n");
  return all_passed ? kOk : kFailed;
}

}  // namespace

void add_gradcheck(Verb& app, Action& action) {
  auto flags = std::make_shared<GradcheckFlags>();
  Verb* verb = app.add_subcommand(
      "gradcheck", "Check every layer's gradient against central differences in f64");
  verb->add_option("layer", flags->layer, "One layer only, such as conv3d");
  verb->add_option("--cases", flags->cases, "Random cases per layer")
      ->range(1, 100000)
      ->capture_default_str();
  verb->add_option("--seed", flags->seed, "Seed of the cases")->capture_default_str();
  verb->add_flag("--plant", flags->plant,
                 "Check wrong gradients instead: 20 planted faults, which all must be found");
  flags->json.add(*verb);
  flags->device.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox gradcheck\n"
      "  pix2vox gradcheck conv3d --cases 20\n"
      "  pix2vox gradcheck --plant");
  verb->callback([flags, &action] { action = [flags] { return run_gradcheck(*flags); }; });
}

}  // namespace voxgrad::apps
