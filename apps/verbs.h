// The program's verbs, a file each. A verb adds itself to the command line and leaves behind what
// to run; main.cpp runs the one that was chosen and turns errors into exit codes.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "apps/exit_code.h"
#include "pix2vox/config/config.h"
#include "tensor/device.h"

namespace voxgrad::apps {

/// What a verb runs once its flags are read; returns the exit code (apps/exit_code.h).
using Action = std::function<int()>;

void add_train(CLI::App& app, Action& action);
void add_test(CLI::App& app, Action& action);
void add_predict(CLI::App& app, Action& action);
void add_dataset(CLI::App& app, Action& action);
void add_voxelize(CLI::App& app, Action& action);
void add_convert(CLI::App& app, Action& action);
void add_gradcheck(CLI::App& app, Action& action);
void add_summary(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);

/// Flags that many verbs share.
struct ConfigFlags {
  std::string file;
  ConfigOverrides overrides;

  /// --cfg FILE and --set a.b=value.
  void add(CLI::App& verb, bool required = true);
  /// A flag that stands for a config key: --data for data.root.
  void add_key(CLI::App& verb, const std::string& flag, const std::string& key,
               const std::string& help);
  Config load() const { return load_config(file, overrides); }
};

struct DeviceFlags {
  std::string device = "auto";
  int threads = 0;

  /// --device and --threads.
  void add(CLI::App& verb);
  /// Sets the number of threads and finds the device.
  Device apply() const;
};

}  // namespace voxgrad::apps
