#include <omp.h>

#include "apps/verbs.h"

namespace voxgrad::apps {

void ConfigFlags::add(CLI::App& verb, bool required) {
  verb.add_option("--cfg", file, "Configuration, such as configs/Pix2Vox-F.yaml")
      ->required(required)
      ->type_name("FILE");
  verb.add_option("--set", overrides.set, "Override a configuration key; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void ConfigFlags::add_key(CLI::App& verb, const std::string& flag, const std::string& key,
                          const std::string& help) {
  verb.add_option_function<std::string>(
          flag,
          [this, flag, key](const std::string& value) {
            overrides.flags.push_back({flag, key, value});
          },
          help + " (" + key + ")")
      ->type_name("VALUE");
}

void DeviceFlags::add(CLI::App& verb) {
  verb.add_option("--device", device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  verb.add_option("--threads", threads, "CPU threads; 0: one a core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
}

Device DeviceFlags::apply() const {
  if (threads > 0) omp_set_num_threads(threads);
  return Device::parse(device);
}

}  // namespace voxgrad::apps
