// pix2vox: trains, tests and runs Pix2Vox. Results go to stdout, everything else to stderr.
#include <iostream>

#include "apps/command_line/version.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/verbs.h"
#include "tensor/error.h"

namespace voxgrad::apps {
namespace {

int run(int argc, char** argv) {
  ignore_file_size_signal();
  Verb app("Pix2Vox: from pictures of an object to a 32x32x32 voxel model.", "pix2vox");
  app.require_subcommand();
  app.set_version_flag("--version", version_text);
  app.footer(
      "pix2vox help VERB shows a verb's flags and examples. A first round, in this\n"
      "order:\n"
      "  pix2vox dataset build --meshes my-meshes --out my-data\n"
      "  pix2vox train --cfg configs/Pix2Vox-mini.yaml --data my-data --out runs/first\n"
      "  pix2vox test --cfg configs/Pix2Vox-mini.yaml --data my-data \\\n"
      "    --weights runs/first/checkpoints/best.h5\n"
      "  pix2vox predict chair.png --weights runs/first/checkpoints/best.h5 --out out");
  Action action;
  for (const auto& add :
       {add_train, add_test, add_predict, add_report, add_watch, add_serve, add_dataset,
        add_voxelize, add_mesh, add_convert, add_models, add_gradcheck, add_summary, add_bench,
        add_doctor, add_completion, add_manual, add_help})
    add(app, action);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() > 1 && words[0] == "help" && !words[1].starts_with('-'))
    return run_reporting_errors("pix2vox", [&] {
      std::cout << app.help({words.begin() + 1, words.end()});
      return int(kOk);
    });
  if (const int ended = app.parse(words); ended >= 0) return ended;
  return run_reporting_errors("pix2vox", [&] {
    int code = kOk;
    try {
      code = action();
    } catch (const Interrupted&) {
      std::cerr << "stopped\n";
      code = signal_exit_code();
    }
    // A full disk at the other end of a redirection is no success.
    std::cout.flush();
    check(bool(std::cout) || code != kOk, "cannot write to standard output");
    return code;
  });
}

}  // namespace
}  // namespace voxgrad::apps

int main(int argc, char** argv) {
  return voxgrad::apps::run(argc, argv);
}
