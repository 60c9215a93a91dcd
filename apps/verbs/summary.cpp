// pix2vox summary
#include "pix2vox/network/summary.h"

#include <iostream>

#include "apps/command_line/json_flag.h"
#include "apps/verbs/verbs.h"

namespace voxgrad::apps {

void add_summary(Verb& app, Action& action) {
  auto flags = std::make_shared<ConfigFlags>();
  auto json = std::make_shared<JsonFlag>();
  Verb* verb = app.add_subcommand("summary",
                                  "Print each layer with its shape, parameters and multiply-adds");
  flags->add(*verb);
  json->add(*verb);
  verb->footer(
      "Example:\n"
      "  pix2vox summary --cfg configs/Pix2Vox-A.yaml");
  verb->callback([flags, json, &action] {
    action = [flags, json] {
      json->check_writable();
      Pix2Vox model(flags->load().model);
      const ModelSummary summary = summarize(model);
      if (json->prints_text()) std::cout << summary.to_text();
      json->write(summary.to_json());
      return int(kOk);
    };
  });
}

}  // namespace voxgrad::apps
