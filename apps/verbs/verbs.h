// The program's verbs, one file per verb. A verb adds itself to the command line and stores the
// action to run; main.cpp runs the chosen one and turns errors into exit codes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/command_line/command_line.h"
#include "apps/exit_code.h"
#include "pix2vox/config/config.h"
#include "tensor/device.h"

namespace voxgrad::apps {

/// What a verb runs once its flags are read; returns the exit code (apps/exit_code.h).
using Action = std::function<int()>;

void add_train(Verb& app, Action& action);
void add_test(Verb& app, Action& action);
void add_predict(Verb& app, Action& action);
void add_report(Verb& app, Action& action);
void add_serve(Verb& app, Action& action);
void add_watch(Verb& app, Action& action);
void add_dataset(Verb& app, Action& action);
void add_voxelize(Verb& app, Action& action);
void add_mesh(Verb& app, Action& action);
void add_convert(Verb& app, Action& action);
void add_models(Verb& app, Action& action);
void add_gradcheck(Verb& app, Action& action);
void add_summary(Verb& app, Action& action);
void add_bench(Verb& app, Action& action);
void add_doctor(Verb& app, Action& action);
void add_completion(Verb& app, Action& action);
void add_manual(Verb& app, Action& action);
void add_help(Verb& app, Action& action);

/// Flags that many verbs share.
struct ConfigFlags {
  std::string file;
  ConfigOverrides overrides;

  /// --cfg FILE and --set a.b=value.
  void add(Verb& verb, bool required = true);
  /// A flag that stands for a config key: --data for data.root.
  void add_key(Verb& verb, const std::string& flag, const std::string& key, const std::string& help,
               const std::string& type = "VALUE");
  /// The configuration, if need be an installed one (apps/command_line/installed_configs.h).
  Config load() const;
};

struct DeviceFlags {
  std::string device = "auto";
  int threads = 0;

  /// --device and --threads.
  void add(Verb& verb);
  /// Sets the number of threads and finds the device.
  Device apply() const;
};

}  // namespace voxgrad::apps
