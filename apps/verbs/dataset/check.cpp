// pix2vox dataset check
#include "datasets/check/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/command_line/json_flag.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/dataset/parts.h"
#include "io/plural.h"

namespace voxgrad::apps {
namespace {

void print_problems(const std::vector<std::string>& problems, const std::string& what) {
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < std::min(kShown, problems.size()); ++i)
    std::cout << what << ": " << problems[i] << '\n';
  if (problems.size() > kShown) std::cout << "... and " << problems.size() - kShown << " more\n";
}

int run_check(const SourceFlags& source, const CheckOptions& options, const JsonFlag& json) {
  json.check_writable();
  ProgressLine line;
  CheckOptions with_progress = options;
  with_progress.stop = &watch_signals("stopping: what was checked is reported\n");
  with_progress.progress = [&](std::int64_t done, std::int64_t total) {
    line.count("checked", done, total);
  };
  const DatasetReport report = check_dataset(source.source, with_progress);
  line.finish();
  std::vector<std::string> bad;
  for (const FileProblem& problem : report.bad)
    bad.push_back(problem.path + ": " + problem.message);
  if (json.wanted()) {
    nlohmann::json categories = nlohmann::json::array();
    for (const CategoryCount& category : report.categories) {
      nlohmann::json row{{"taxonomy_id", category.taxonomy_id},
                         {"taxonomy_name", category.taxonomy_name}};
      for (std::size_t i = 0; i < category.splits.size(); ++i)
        row[DatasetReport::split_names[i]] = {{"listed", category.splits[i].listed},
                                              {"complete", category.splits[i].complete},
                                              {"views", category.splits[i].views}};
      categories.push_back(row);
    }
    json.write(nlohmann::json{
        {"good", report.good()},
        {"complete", !report.interrupted},
        {"categories", categories},
        {"notes", report.notes},
        {"missing", report.missing},
        {"bad",
         bad}}.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  const int code = report.interrupted ? signal_exit_code() : report.good() ? kOk : kDataFailed;
  if (!json.prints_text()) return code;
  std::cout << fmt::format("{:<24}{:>14}{:>14}{:>14}{:>10}\n", "category", "train", "val", "test",
                           "pictures");
  for (const CategoryCount& category : report.categories) {
    std::cout << fmt::format("{:<24}", category.taxonomy_name);
    std::int64_t views = 0;
    for (const SplitCount& split : category.splits) {
      std::cout << fmt::format("{:>14}", fmt::format("{}/{}", split.complete, split.listed));
      views += split.views;
    }
    std::cout << fmt::format("{:>10}\n", views);
  }
  const SplitCount total = report.total();
  std::cout << fmt::format("complete objects: {} of {} listed, {}\n", total.complete, total.listed,
                           counted(total.views, "picture"));
  print_problems(report.notes, "note");
  print_problems(report.missing, "missing");
  print_problems(bad, "damaged");
  if (report.interrupted) {
    std::cout << "stopped: these are findings of a part alone\n";
    return code;
  }
  if (report.good()) {
    std::cout << "the data set is complete\n";
    return kOk;
  }
  if (!report.expected_layout.empty() && (!report.missing.empty() || total.complete == 0))
    std::cout << "the layout expected:\n" << report.expected_layout << '\n';
  return kDataFailed;
}

}  // namespace

void add_dataset_check(Verb& parent, Action& action) {
  struct Flags {
    SourceFlags source;
    CheckOptions options;
    JsonFlag json;
  };
  auto flags = std::make_shared<Flags>();
  Verb* verb =
      parent.add_subcommand("check", "Is a data set complete and sound? Exit code 3 if not");
  flags->source.add(*verb);
  verb->add_flag_callback(
      "--fast", [flags] { flags->options.decode = false; }, "Only check that the files exist");
  verb->add_option("--journal", flags->options.journal,
                   "Keep the findings here, and continue from them")
      ->type_name("FILE");
  verb->add_option("--threads", flags->options.threads, "CPU threads")->capture_default_str();
  flags->json.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox dataset check my-data\n"
      "  pix2vox dataset check shapenet --taxonomy ShapeNet.json --fast\n"
      "  pix2vox dataset check pix3d --kind pix3d --journal pix3d-check.txt");
  verb->callback([flags, &action] {
    action = [flags] { return run_check(flags->source, flags->options, flags->json); };
  });
}

}  // namespace voxgrad::apps
