// pix2vox convert
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/command_line/json_flag.h"
#include "apps/verbs/verbs.h"
#include "pix2vox/weights/weights.h"

namespace voxgrad::apps {
namespace {

struct ConvertFlags {
  std::string in, out;
  bool overwrite = false, half = false;
  JsonFlag json;
};

int convert(const ConvertFlags& flags) {
  flags.json.check_writable();
  check<ConfigError>(flags.overwrite || !std::filesystem::exists(flags.out), flags.out,
                     " exists: give another name, or --overwrite");
  const LoadedWeights weights = load_weights(flags.in);
  for (const std::string& note : weights.notes) std::cerr << flags.in << ": " << note << '\n';
  save_weights(flags.out, weights.checkpoint, flags.half);
  std::int64_t values = 0;
  for (const auto& [name, tensor] : weights.checkpoint.model) values += tensor.numel();
  std::cerr << weights.checkpoint.config.model.full_name() << ", "
            << weights.checkpoint.model.size() << " tensors, " << values << " values\n";
  if (flags.json.prints_text()) std::cout << flags.out << '\n';
  flags.json.write(nlohmann::ordered_json{
      {"in", flags.in},
      {"out", flags.out},
      {"variant", weights.checkpoint.config.model.variant},
      {"tensors", weights.checkpoint.model.size()},
      {"values", values},
      {"notes",
       weights.notes}}.dump(2));
  return kOk;
}

}  // namespace

void add_convert(Verb& app, Action& action) {
  auto flags = std::make_shared<ConvertFlags>();
  Verb* verb =
      app.add_subcommand("convert", "Convert weights between .h5, PyTorch's .pth and .safetensors");
  verb->add_option("in", flags->in,
                   "Weights: a checkpoint, a .pth or .pt of either form, a .safetensors")
      ->required()
      ->type_name("FILE");
  verb->add_option("out", flags->out,
                   "File to write, by its suffix: .h5, .pth, .pt or .safetensors")
      ->required()
      ->type_name("FILE");
  verb->add_flag("--overwrite", flags->overwrite, "Replace OUT if it exists");
  verb->add_flag("--half", flags->half, "In half precision, half as large (.safetensors only)");
  flags->json.add(*verb);
  verb->footer(
      "Nothing in a .pth is executed. The variant and its sizes are recognized from\n"
      "the tensors.\n"
      "Examples:\n"
      "  pix2vox convert Pix2Vox-A-ShapeNet.pth Pix2Vox-A.h5\n"
      "  pix2vox convert runs/mine/checkpoints/best.h5 mine.safetensors");
  verb->callback([flags, &action] { action = [flags] { return convert(*flags); }; });
}

}  // namespace voxgrad::apps
