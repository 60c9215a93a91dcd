// pix2vox summary
#include "pix2vox/network/summary.h"

#include <iostream>

#include "apps/verbs.h"

namespace voxgrad::apps {

void add_summary(Verb& app, Action& action) {
  auto flags = std::make_shared<ConfigFlags>();
  auto json = std::make_shared<bool>(false);
  Verb* verb = app.add_subcommand("summary",
                                  "Print each layer with its shape, parameters and multiply-adds");
  flags->add(*verb);
  verb->add_flag("--json", *json, "Print JSON");
  verb->footer(
      "Example:\n"
      "  pix2vox summary --cfg configs/Pix2Vox-A.yaml");
  verb->callback([flags, json, &action] {
    action = [flags, json] {
      Pix2Vox model(flags->load().model);
      const ModelSummary summary = summarize(model);
      std::cout << (*json ? summary.to_json() : summary.to_text());
      return int(kOk);
    };
  });
}

}  // namespace voxgrad::apps
