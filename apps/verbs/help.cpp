// pix2vox help
#include <iostream>

#include "apps/verbs/verbs.h"

namespace voxgrad::apps {

void add_help(Verb& app, Action& action) {
  // Names of verbs after it are read by main.cpp: here they would begin a verb.
  auto words = std::make_shared<std::vector<std::string>>();
  Verb* verb = app.add_subcommand("help", "Explain a verb: what pix2vox VERB --help shows");
  verb->add_option("verb", *words, "Such as train, or dataset build; none: all verbs");
  verb->footer(
      "Examples:\n"
      "  pix2vox help\n"
      "  pix2vox help dataset build");
  verb->callback([words, &app, &action] {
    action = [words, &app] {
      std::cout << app.help(*words);
      return int(kOk);
    };
  });
}

}  // namespace voxgrad::apps
