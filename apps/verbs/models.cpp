// pix2vox models
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/command_line/json_flag.h"
#include "apps/command_line/shipped_models.h"
#include "apps/verbs/verbs.h"
#include "pix2vox/weights/weights.h"

namespace voxgrad::apps {
namespace {

int list_models(const JsonFlag& json) {
  json.check_writable();
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  const bool text = json.prints_text();
  for (const std::filesystem::path& file : shipped_models()) {
    const Checkpoint weights = load_weights(file).checkpoint;
    std::int64_t values = 0;
    for (const auto& [name, tensor] : weights.model) values += tensor.numel();
    const double megabytes = double(std::filesystem::file_size(file)) / 1e6;
    rows.push_back({{"file", file.string()},
                    {"network", weights.config.model.full_name()},
                    {"voxels", weights.config.model.n_vox},
                    {"values", values},
                    {"threshold", weights.threshold},
                    {"bytes", std::filesystem::file_size(file)}});
    if (text)
      std::cout << fmt::format("{}\n  {}, {}^3 voxels, {} values, {:.1f} MB, threshold {}\n",
                               file.string(), weights.config.model.full_name(),
                               weights.config.model.n_vox, values, megabytes, weights.threshold);
  }
  json.write(rows.dump(2));
  if (text && rows.empty())
    std::cout << "no weights come with this program: models/ is neither beside the sources nor "
                 "installed\n";
  else if (text)
    std::cout << "what they can and cannot do: " << (models_folder() / "README.md").string()
              << '\n';
  return kOk;
}

}  // namespace

void add_models(Verb& app, Action& action) {
  auto json = std::make_shared<JsonFlag>();
  Verb* verb = app.add_subcommand("models", "List the trained weights that come with the program");
  json->add(*verb);
  verb->footer(
      "predict takes the first of these without --weights.\n"
      "Examples:\n"
      "  pix2vox models\n"
      "  pix2vox predict chair.jpg");
  verb->callback([json, &action] { action = [json] { return list_models(*json); }; });
}

}  // namespace voxgrad::apps
