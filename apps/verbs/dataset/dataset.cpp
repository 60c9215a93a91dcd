// pix2vox dataset build | synth | check | look | pack | stats
#include <fmt/format.h>

#include "apps/verbs/dataset/parts.h"

namespace voxgrad::apps {

void SourceFlags::add(Verb& verb) {
  verb.add_option("dir", source.root, "Folder of the data set, or a packed file")
      ->required()
      ->type_name("DIR");
  verb.add_option("--kind", source.kind,
                  "Which data set it is, in the form in which it is published")
      ->type_name(fmt::format("{}", fmt::join(dataset_kinds(), "|")))
      ->one_of(dataset_kinds())
      ->capture_default_str();
  verb.add_option("--taxonomy", source.taxonomy, "JSON with the splits [the set's own]")
      ->type_name("FILE");
  verb.add_option("--resolution", source.n_vox, "Voxels per side, where volumes have to be made")
      ->range(8, 128)
      ->capture_default_str();
  verb.add_flag("--masks", source.masks, "Cut objects out of pix3d's pictures by their masks");
}

void SourceFlags::add_split(Verb& verb, const std::string& usual) {
  split = usual;
  verb.add_option("--split", split, "train, val or test")
      ->type_name("train|val|test")
      ->capture_default_str();
}

void add_dataset(Verb& app, Action& action) {
  Verb* verb =
      app.add_subcommand("dataset", "Build, generate, check, look at, pack and describe data sets");
  verb->require_subcommand();
  verb->footer("pix2vox help dataset build shows the flags and examples of build.");
  add_dataset_build(*verb, action);
  add_dataset_synth(*verb, action);
  add_dataset_check(*verb, action);
  add_dataset_look(*verb, action);
  add_dataset_pack(*verb, action);
  add_dataset_stats(*verb, action);
}

}  // namespace voxgrad::apps
