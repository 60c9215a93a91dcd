// pix2vox report
#include "pix2vox/report/report.h"

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/command_line/json_flag.h"
#include "apps/verbs/verbs.h"
#include "pix2vox/training/run_folder.h"

namespace voxgrad::apps {
namespace {

struct ReportFlags {
  std::vector<std::string> runs;
  std::string out;
  JsonFlag json;
};

int report(const ReportFlags& flags) {
  flags.json.check_writable();
  const std::vector<std::filesystem::path> runs(flags.runs.begin(), flags.runs.end());
  const std::filesystem::path file = !flags.out.empty() ? std::filesystem::path(flags.out)
                                     : runs.size() == 1 ? RunFolder{runs.front()}.report()
                                                        : std::filesystem::path("report.html");
  write_report(runs, file);
  if (flags.json.prints_text()) std::cout << file.string() << '\n';
  flags.json.write(nlohmann::ordered_json{{"report", file.string()}, {"runs", flags.runs}}.dump(2));
  return kOk;
}

}  // namespace

void add_report(Verb& app, Action& action) {
  auto flags = std::make_shared<ReportFlags>();
  Verb* verb = app.add_subcommand(
      "report", "Make a page of one run, or of several beside each other; prints its name");
  verb->add_option("runs", flags->runs, "Folders of runs")->required()->type_name("DIR");
  verb->add_option("--out", flags->out,
                   "The page [report.html in the run's folder; of several runs, in this one]")
      ->type_name("FILE");
  flags->json.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox report runs/first\n"
      "  pix2vox report runs/first runs/second --out compared.html\n"
      "The page is one file of at most 3 MB that needs nothing from elsewhere. It shows\n"
      "configuration, curves, sample pictures and volumes, and as tables what\n"
      "pix2vox test --json runs/first/results/test.json has written.");
  verb->callback([flags, &action] { action = [flags] { return report(*flags); }; });
}

}  // namespace voxgrad::apps
