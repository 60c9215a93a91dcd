// pix2vox: trains, tests and runs Pix2Vox. Results go to stdout, everything else to stderr.
#include <iostream>

#include "apps/verbs.h"
#include "apps/version.h"
#include "tensor/error.h"

namespace voxgrad::apps {
namespace {

int run(int argc, char** argv) {
  Verb app("Pix2Vox: from pictures of an object to a 32x32x32 voxel model.", "pix2vox");
  app.require_subcommand();
  app.set_version_flag("--version", version_text);
  app.footer(
      "pix2vox VERB --help shows a verb's flags and examples. A first round, in this order:\n"
      "  pix2vox dataset build --meshes my-meshes --out my-data\n"
      "  pix2vox train --cfg configs/Pix2Vox-mini.yaml --data my-data --out runs/first\n"
      "  pix2vox test --cfg configs/Pix2Vox-mini.yaml --weights runs/first/checkpoints/best.h5 "
      "--data my-data\n"
      "  pix2vox predict chair.png --weights runs/first/checkpoints/best.h5 --out out");
  Action action;
  for (const auto& add :
       {add_train, add_test, add_predict, add_dataset, add_voxelize, add_convert, add_gradcheck,
        add_summary, add_bench, add_doctor, add_completion, add_manual})
    add(app, action);
  if (const int ended = app.parse(argc, argv); ended >= 0) return ended;
  return run_reporting_errors("pix2vox", [&] {
    const int code = action();
    // A full disk behind a redirection must not pass for success.
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
