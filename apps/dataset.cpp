// pix2vox dataset build | check | stats
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/progress.h"
#include "apps/signals.h"
#include "apps/verbs.h"
#include "datasets/build/builder.h"
#include "datasets/shapenet/check.h"
#include "datasets/shapenet/shapenet.h"

namespace voxgrad::apps {
namespace {

void print_some(const std::vector<std::string>& lines, const std::string& what) {
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < std::min(kShown, lines.size()); ++i)
    std::cerr << what << ' ' << lines[i] << '\n';
  if (lines.size() > kShown)
    std::cerr << fmt::format("... and {} more {}\n", lines.size() - kShown, what);
}

void print_build(const BuildReport& report, const std::filesystem::path& out) {
  const auto lines = [](const std::vector<SkippedMesh>& list) {
    std::vector<std::string> result;
    for (const SkippedMesh& item : list) result.push_back(item.name + ": " + item.reason);
    return result;
  };
  for (const SkippedMesh& skipped : report.skipped)
    std::cerr << fmt::format("skipped {}: {}\n", skipped.name, skipped.reason);
  print_some(report.renamed, "renamed:");
  print_some(lines(report.not_read), "not read:");
  print_some(report.nearly_empty, "nearly empty:");
  print_some(report.nearly_full, "nearly full:");
  for (const std::string& note : report.notes) std::cerr << "note: " << note << '\n';
  std::cerr << fmt::format("{} meshes: {} read", report.meshes, report.objects);
  if (report.kept > 0) std::cerr << fmt::format(" ({} kept)", report.kept);
  std::cerr << fmt::format(
      ", {} skipped, {} renamed, {} merged into groups of near-duplicates, {} materials or "
      "textures not read, {} nearly empty, {} nearly full\n",
      report.skipped.size(), report.renamed.size(), report.grouped, report.not_read.size(),
      report.nearly_empty.size(), report.nearly_full.size());
  if (!report.left_out.empty())
    std::cerr << fmt::format("{} catalogue entries belong to no category and were left out\n",
                             report.left_out.size());
  std::cerr << fmt::format("objects: {}, categories: {}; authors and licences in {}\n",
                           report.objects, report.taxonomy.size(), (out / "credits.tsv").string());
}

void add_build(Verb& parent, Action& action) {
  auto options = std::make_shared<BuildOptions>();
  Verb* verb = parent.add_subcommand("build", "Make a training set out of meshes");
  verb->add_option("--meshes", options->meshes,
                   "Folder of meshes (one subfolder per category), or a .sh3f library")
      ->required()
      ->type_name("DIR");
  verb->add_option("--out", options->out, "Folder to make")->required()->type_name("DIR");
  verb->add_flag("--overwrite", options->overwrite, "Replace the data set that DIR holds");
  verb->add_flag("--resume", options->resume, "Go on with a build that was interrupted");
  verb->add_option("--resolution", options->resolution, "Voxels per side")->capture_default_str();
  verb->add_option("--views", options->views, "Views per object")->capture_default_str();
  verb->add_option("--image-size", options->image_size, "Pixels per side")->capture_default_str();
  verb->add_option("--seed", options->seed, "Seed of views and splits")->capture_default_str();
  verb->add_option("--threads", options->threads, "0: all cores")->capture_default_str();
  verb->footer(
      "Examples:\n"
      "  pix2vox dataset build --meshes my-meshes --out my-data\n"
      "  pix2vox dataset build --meshes furniture.sh3f --out my-data --views 12");
  verb->callback([options, &action] {
    action = [options] {
      ProgressLine line;
      options->stop = &watch_signals();
      const BuildReport report = build_dataset(
          *options,
          [&](int done, int total, const std::string&) { line.count("objects", done, total); });
      line.finish();
      if (report.interrupted) {
        std::cerr << fmt::format(
            "interrupted: {} of {} objects are kept in {}; the same command with --resume goes "
            "on\n",
            report.objects, report.meshes, options->out.string());
        return signal_exit_code();
      }
      print_build(report, options->out);
      std::cout << (options->out / "dataset.json").string() << '\n';
      return int(kOk);
    };
  });
}

void print_problems(const std::vector<std::string>& problems, const std::string& what) {
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < std::min(kShown, problems.size()); ++i)
    std::cout << what << ": " << problems[i] << '\n';
  if (problems.size() > kShown) std::cout << "... and " << problems.size() - kShown << " more\n";
}

int check_folder(const std::filesystem::path& root, const CheckOptions& options, bool json) {
  ProgressLine line;
  CheckOptions with_progress = options;
  with_progress.progress = [&](std::int64_t done, std::int64_t total) {
    line.count("checked", done, total);
  };
  const DatasetReport report = check_dataset(root, with_progress);
  line.finish();
  std::vector<std::string> bad;
  for (const FileProblem& problem : report.bad)
    bad.push_back(problem.path + ": " + problem.message);
  if (json) {
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
    std::cout << nlohmann::json{{"good", report.good()},
                                {"categories", categories},
                                {"notes", report.notes},
                                {"missing", report.missing},
                                {"bad", bad}}
                     .dump(2)
              << '\n';
    return report.good() ? kOk : kDataFailed;
  }
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
  std::cout << fmt::format("complete objects: {} of {} listed, {} pictures\n", total.complete,
                           total.listed, total.views);
  print_problems(report.notes, "note");
  print_problems(report.missing, "missing");
  print_problems(bad, "damaged");
  if (report.good()) {
    std::cout << "the data set is complete\n";
    return kOk;
  }
  if (!report.missing.empty() || total.complete == 0)
    std::cout << "the layout expected:\n" << report.expected_layout << '\n';
  return kDataFailed;
}

void add_check(Verb& parent, Action& action) {
  struct Flags {
    std::string root;
    CheckOptions options;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  Verb* verb =
      parent.add_subcommand("check", "Is a data set complete and sound? Exit code 3 if not");
  verb->add_option("dir", flags->root, "Folder of the data set")->required()->type_name("DIR");
  verb->add_option("--taxonomy", flags->options.taxonomy, "JSON with the splits [DIR/dataset.json]")
      ->type_name("FILE");
  verb->add_flag_callback(
      "--fast", [flags] { flags->options.decode = false; },
      "Only look whether the files are there");
  verb->add_option("--threads", flags->options.threads, "Threads")->capture_default_str();
  verb->add_flag("--json", flags->json, "Print JSON");
  verb->footer(
      "Examples:\n"
      "  pix2vox dataset check my-data\n"
      "  pix2vox dataset check shapenet --taxonomy ShapeNet.json --fast");
  verb->callback([flags, &action] {
    action = [flags] { return check_folder(flags->root, flags->options, flags->json); };
  });
}

void add_stats(Verb& parent, Action& action) {
  auto options = std::make_shared<ShapeNetOptions>();
  Verb* verb = parent.add_subcommand("stats", "What a data set holds");
  verb->add_option("dir", options->root, "Folder of the data set")->required()->type_name("DIR");
  verb->add_option("--split", options->split, "train, val or test")
      ->type_name("train|val|test")
      ->capture_default_str();
  verb->add_option("--taxonomy", options->taxonomy, "JSON with the splits [DIR/dataset.json]")
      ->type_name("FILE");
  verb->footer(
      "Example:\n"
      "  pix2vox dataset stats my-data --split test");
  verb->callback([options, &action] {
    action = [options] {
      const DatasetStatistics s = dataset_statistics(ShapeNetDataset(*options));
      std::cout << fmt::format("{} objects, {} pictures ({} to {} an object)\n", s.objects, s.views,
                               s.min_views, s.max_views);
      for (const auto& [kind, count] : s.picture_kinds)
        std::cout << fmt::format("pictures {} (width x height x channels): {} objects\n", kind,
                                 count);
      for (const auto& [n, count] : s.resolutions)
        std::cout << fmt::format("volumes {}^3: {}\n", n, count);
      std::cout << fmt::format("occupied: mean {:.1f}%, least {:.1f}%, most {:.1f}%\n",
                               100 * s.mean_occupancy, 100 * s.min_occupancy,
                               100 * s.max_occupancy);
      for (const auto& [name, category] : s.categories)
        std::cout << fmt::format("  {:<24}{:>6} objects{:>8} pictures  {:>5.1f}% occupied\n", name,
                                 category.objects, category.views, 100 * category.mean_occupancy);
      return int(kOk);
    };
  });
}

}  // namespace

void add_dataset(Verb& app, Action& action) {
  Verb* verb = app.add_subcommand("dataset", "Build, check and describe data sets");
  verb->require_subcommand();
  add_build(*verb, action);
  add_check(*verb, action);
  add_stats(*verb, action);
}

}  // namespace voxgrad::apps
