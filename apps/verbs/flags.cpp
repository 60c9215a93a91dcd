#include <omp.h>

#include "apps/command_line/installed_configs.h"
#include "apps/verbs/verbs.h"

namespace voxgrad::apps {

void ConfigFlags::add(Verb& verb, bool required) {
  verb.add_option("--cfg", file, "Configuration, such as configs/Pix2Vox-F.yaml")
      ->required(required)
      ->type_name("FILE");
  verb.add_option("--set", overrides.set, "Override a configuration key; may be repeated")
      ->type_name("KEY=VALUE")
      ->repeatable();
}

void ConfigFlags::add_key(Verb& verb, const std::string& flag, const std::string& key,
                          const std::string& help, const std::string& type) {
  verb.add_option_function(
          flag,
          [this, flag, key](const std::string& value) {
            overrides.flags.push_back({flag, key, value});
          },
          help + " (" + key + ")")
      ->type_name(type);
}

Config ConfigFlags::load() const {
  return load_config(find_config(file), overrides);
}

void DeviceFlags::add(Verb& verb) {
  verb.add_option("--device", device, "auto, cpu, cuda or cuda:N")
      ->type_name("auto|cpu|cuda")
      ->capture_default_str();
  verb.add_option("--threads", threads, "CPU threads; 0: all cores")
      ->range(0, 1024)
      ->capture_default_str();
}

Device DeviceFlags::apply() const {
  if (threads > 0) omp_set_num_threads(threads);
  return Device::parse(device);
}

}  // namespace voxgrad::apps
