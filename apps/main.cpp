// pix2vox: trains, tests and runs Pix2Vox. Results go to stdout, everything else to stderr.
#include <iostream>

#include "apps/suggest.h"
#include "apps/verbs.h"
#include "tensor/error.h"

namespace voxgrad::apps {
namespace {

// What was not understood, and the nearest flag or verb there is.
int usage_error(const CLI::App& app, const std::vector<std::string>& words,
                const CLI::ParseError& error) {
  const CLI::App* place = &app;
  std::string path = "pix2vox";
  while (!place->get_subcommands().empty()) {
    place = place->get_subcommands().front();
    path += " " + place->get_name();
  }
  const std::string unknown = explain_unknown(*place, words);
  std::cerr << "pix2vox: " << (unknown.empty() ? error.what() : unknown) << '\n';
  std::cerr << "See " << path << " --help\n";
  return kUsage;
}

int run(int argc, char** argv) {
  CLI::App app{"Pix2Vox: from pictures of an object to a 32x32x32 voxel model.", "pix2vox"};
  app.require_subcommand(1);
  app.set_version_flag("--version", "pix2vox " VOXGRAD_VERSION);
  app.footer(
      "pix2vox VERB --help shows a verb's flags and examples. A first round, in this order:\n"
      "  pix2vox dataset build --meshes my-meshes --out my-data\n"
      "  pix2vox train --cfg configs/Pix2Vox-mini.yaml --data my-data --out runs/first\n"
      "  pix2vox test --cfg configs/Pix2Vox-mini.yaml --weights runs/first/checkpoints/best.h5 "
      "--data my-data\n"
      "  pix2vox predict chair.png --weights runs/first/checkpoints/best.h5 --out out");
  Action action;
  for (const auto& add : {add_train, add_test, add_predict, add_dataset, add_voxelize, add_convert,
                          add_gradcheck, add_summary, add_bench, add_doctor})
    add(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return usage_error(app, {argv + 1, argv + argc}, error);
  }
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
