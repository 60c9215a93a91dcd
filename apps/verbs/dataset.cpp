// pix2vox dataset build | synth | check | stats
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/command_line/json_flag.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/verbs.h"
#include "datasets/build/builder.h"
#include "datasets/shapenet/check.h"
#include "datasets/shapenet/shapenet.h"
#include "datasets/synth/catalogue.h"
#include "io/plural.h"

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
  std::cerr << fmt::format("{}: {} read", counted(report.meshes, "mesh", "meshes"), report.objects);
  if (report.kept > 0) std::cerr << fmt::format(" ({} kept)", report.kept);
  std::cerr << fmt::format(
      ", {} skipped, {} renamed, {} merged into groups of near-duplicates, {} materials or "
      "textures not read, {} nearly empty, {} nearly full\n",
      report.skipped.size(), report.renamed.size(), report.grouped, report.not_read.size(),
      report.nearly_empty.size(), report.nearly_full.size());
  if (report.variants > 0 || report.near_held_out > 0)
    std::cerr << fmt::format(
        "{} derived from training objects, {} more left out as near-duplicates of validation or "
        "test objects\n",
        counted(report.variants, "object"), report.near_held_out);
  if (!report.left_out.empty())
    std::cerr << fmt::format(
        "{} of no category left out\n",
        counted(report.left_out.size(), "catalogue entry", "catalogue entries"));
  std::cerr << fmt::format(
      "{} in {}; authors and licences in {}\n", counted(report.objects, "object"),
      counted(report.taxonomy.size(), "category", "categories"), (out / "credits.tsv").string());
}

std::string to_json(const BuildReport& report, const std::filesystem::path& out) {
  const auto list = [](const std::vector<SkippedMesh>& meshes) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const SkippedMesh& mesh : meshes)
      rows.push_back({{"name", mesh.name}, {"reason", mesh.reason}});
    return rows;
  };
  nlohmann::ordered_json json;
  json["taxonomy"] = (out / "dataset.json").string();
  json["interrupted"] = report.interrupted;
  json["meshes"] = report.meshes;
  json["objects"] = report.objects;
  json["variants"] = report.variants;
  json["near_held_out"] = report.near_held_out;
  json["kept"] = report.kept;
  json["categories"] = report.taxonomy.size();
  json["grouped"] = report.grouped;
  json["renamed"] = report.renamed;
  json["nearly_empty"] = report.nearly_empty;
  json["nearly_full"] = report.nearly_full;
  json["notes"] = report.notes;
  json["skipped"] = list(report.skipped);
  json["left_out"] = list(report.left_out);
  json["not_read"] = list(report.not_read);
  return json.dump(2);
}

// What building from meshes and from generated objects have in common.
void add_build_flags(Verb* verb, BuildOptions* options) {
  verb->add_option("--out", options->out, "Folder to make")->required()->type_name("DIR");
  verb->add_flag("--overwrite", options->overwrite, "Replace the data set that DIR holds");
  verb->add_flag("--resume", options->resume, "Continue a build that was interrupted");
  verb->add_option("--resolution", options->resolution, "Voxels per side")->capture_default_str();
  verb->add_option("--views", options->views, "Pictures per object")->capture_default_str();
  verb->add_option("--image-size", options->image_size, "Pixels per side of a picture")
      ->capture_default_str();
  verb->add_option("--seed", options->seed, "Seed of views and splits")->capture_default_str();
  verb->add_option("--threads", options->threads, "CPU threads; 0: all cores")
      ->capture_default_str();
  Widening& widening = options->widening;
  verb->add_option("--elevation", widening.elevation, "Range of the camera's elevation, degrees")
      ->type_name("LOW HIGH")
      ->capture_default_str();
  verb->add_option("--distance", widening.distance,
                   "Range of its distance, the nearest that shows all of an object being 1")
      ->type_name("LOW HIGH")
      ->capture_default_str();
  verb->add_option("--vary-light", widening.light,
                   "How much the light differs between objects, 0 to 1")
      ->capture_default_str();
  verb->add_option("--materials", widening.materials,
                   "Share of an object's parts that get a pattern, as of wood or stripes")
      ->capture_default_str();
  verb->add_option("--recolor", widening.recolor, "Share of them that get another colour")
      ->capture_default_str();
}

using BuildFunction = std::function<BuildReport(const BuildProgress&)>;

int run_build(BuildOptions& options, const JsonFlag& json, const BuildFunction& build) {
  ProgressLine line;
  json.check_writable();
  options.stop = &watch_signals("stopping: the objects under way are finished and kept\n");
  const BuildReport report =
      build([&](int done, int total, const std::string&) { line.count("objects", done, total); });
  line.finish();
  json.write(to_json(report, options.out));
  if (report.interrupted) {
    std::cerr << fmt::format(
        "stopped: {} of {} are kept in {}; the same command with --resume continues\n",
        report.objects, counted(report.meshes, "object"), options.out.string());
    return signal_exit_code();
  }
  print_build(report, options.out);
  if (json.prints_text()) std::cout << (options.out / "dataset.json").string() << '\n';
  return int(kOk);
}

void add_build(Verb& parent, Action& action) {
  auto options = std::make_shared<BuildOptions>();
  auto json = std::make_shared<JsonFlag>();
  Verb* verb = parent.add_subcommand("build", "Make a training set out of meshes");
  verb->add_option("--meshes", options->meshes,
                   "Folder of meshes (one subfolder per category), or a .sh3f library")
      ->required()
      ->type_name("DIR");
  add_build_flags(verb, options.get());
  Widening& widening = options->widening;
  verb->add_option("--variants", widening.variants,
                   "Objects derived from each one of the training split")
      ->capture_default_str();
  verb->add_option("--stretch", widening.stretch,
                   "Variants are scaled along each axis by up to 1 + this, or its inverse")
      ->capture_default_str();
  verb->add_flag("--mirror", widening.mirror, "Every second variant is mirrored, left to right");
  json->add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox dataset build --meshes my-meshes --out my-data\n"
      "  pix2vox dataset build --meshes furniture.sh3f --out my-data --views 12\n"
      "  pix2vox dataset build --meshes my-meshes --out wide --variants 4 --stretch 0.3 \\\n"
      "    --mirror --vary-light 0.7 --materials 0.4 --recolor 0.5 --elevation 10 45");
  verb->callback([options, json, &action] {
    action = [options, json] {
      return run_build(*options, *json, [&](const BuildProgress& progress) {
        return build_dataset(*options, progress);
      });
    };
  });
}

void add_synth(Verb& parent, Action& action) {
  struct Flags {
    BuildOptions options;
    std::int64_t count = 1000;
    std::vector<std::string> categories;
    JsonFlag json;
  };
  auto flags = std::make_shared<Flags>();
  Verb* verb = parent.add_subcommand(
      "synth", "Make a training set of generated furniture, lamps, vehicles, boats and planes");
  verb->add_option("--count", flags->count, "Objects")->capture_default_str();
  verb->add_option("--categories", flags->categories,
                   "Of these categories only, such as chair,lamp")
      ->delimiter(',')
      ->type_name("NAME,...");
  add_build_flags(verb, &flags->options);
  flags->json.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox dataset synth --out generated --count 3000 --seed 1 --views 12\n"
      "  pix2vox dataset synth --out chairs --count 500 --categories chair,table \\\n"
      "    --vary-light 0.7 --materials 0.4 --elevation 10 45\n"
      "All objects are in the training split: train on them beside a data set of real ones with\n"
      "--set data.mix=[generated].");
  verb->callback([flags, &action] {
    action = [flags] {
      const MeshSources sources =
          synth_sources(flags->count, flags->options.seed, flags->categories);
      const std::string origin =
          fmt::format("{} generated objects: {}", flags->count, fmt::join(flags->categories, ","));
      return run_build(flags->options, flags->json, [&](const BuildProgress& progress) {
        return build_dataset(sources, origin, flags->options, progress);
      });
    };
  });
}

void print_problems(const std::vector<std::string>& problems, const std::string& what) {
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < std::min(kShown, problems.size()); ++i)
    std::cout << what << ": " << problems[i] << '\n';
  if (problems.size() > kShown) std::cout << "... and " << problems.size() - kShown << " more\n";
}

int check_folder(const std::filesystem::path& root, const CheckOptions& options,
                 const JsonFlag& json) {
  json.check_writable();
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
        {"categories", categories},
        {"notes", report.notes},
        {"missing", report.missing},
        {"bad",
         bad}}.dump(2));
  }
  if (!json.prints_text()) return report.good() ? kOk : kDataFailed;
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
    JsonFlag json;
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
  verb->add_option("--threads", flags->options.threads, "CPU threads; 0: all cores")
      ->capture_default_str();
  flags->json.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox dataset check my-data\n"
      "  pix2vox dataset check shapenet --taxonomy ShapeNet.json --fast");
  verb->callback([flags, &action] {
    action = [flags] { return check_folder(flags->root, flags->options, flags->json); };
  });
}

std::string to_text(const DatasetStatistics& s) {
  std::string text = fmt::format("{}, {} ({} to {} per object)\n", counted(s.objects, "object"),
                                 counted(s.views, "picture"), s.min_views, s.max_views);
  for (const auto& [kind, count] : s.picture_kinds)
    text += fmt::format("pictures {} (width x height x channels): {}\n", kind,
                        counted(count, "object"));
  for (const auto& [n, count] : s.resolutions) text += fmt::format("volumes {}^3: {}\n", n, count);
  text += fmt::format("occupied: mean {:.1f}%, least {:.1f}%, most {:.1f}%\n",
                      100 * s.mean_occupancy, 100 * s.min_occupancy, 100 * s.max_occupancy);
  for (const auto& [name, category] : s.categories)
    text += fmt::format("  {:<24}{:>14}{:>16}  {:>5.1f}% occupied\n", name,
                        counted(category.objects, "object"), counted(category.views, "picture"),
                        100 * category.mean_occupancy);
  return text;
}

std::string to_json(const DatasetStatistics& s) {
  nlohmann::ordered_json json{{"objects", s.objects},
                              {"views", s.views},
                              {"min_views", s.min_views},
                              {"max_views", s.max_views},
                              {"mean_occupancy", s.mean_occupancy},
                              {"min_occupancy", s.min_occupancy},
                              {"max_occupancy", s.max_occupancy}};
  for (const auto& [kind, count] : s.picture_kinds) json["picture_kinds"][kind] = count;
  for (const auto& [n, count] : s.resolutions) json["resolutions"][std::to_string(n)] = count;
  for (const auto& [name, category] : s.categories)
    json["categories"][name] = {{"objects", category.objects},
                                {"views", category.views},
                                {"mean_occupancy", category.mean_occupancy}};
  return json.dump(2);
}

void add_stats(Verb& parent, Action& action) {
  auto options = std::make_shared<ShapeNetOptions>();
  auto json = std::make_shared<JsonFlag>();
  Verb* verb = parent.add_subcommand("stats", "What a data set holds");
  verb->add_option("dir", options->root, "Folder of the data set")->required()->type_name("DIR");
  verb->add_option("--split", options->split, "train, val or test")
      ->type_name("train|val|test")
      ->capture_default_str();
  verb->add_option("--taxonomy", options->taxonomy, "JSON with the splits [DIR/dataset.json]")
      ->type_name("FILE");
  json->add(*verb);
  verb->footer(
      "Example:\n"
      "  pix2vox dataset stats my-data --split test");
  verb->callback([options, json, &action] {
    action = [options, json] {
      json->check_writable();
      const DatasetStatistics statistics = dataset_statistics(ShapeNetDataset(*options));
      if (json->prints_text()) std::cout << to_text(statistics);
      json->write(to_json(statistics));
      return int(kOk);
    };
  });
}

}  // namespace

void add_dataset(Verb& app, Action& action) {
  Verb* verb = app.add_subcommand("dataset", "Build, check and describe data sets");
  verb->require_subcommand();
  verb->footer("pix2vox help dataset build shows the flags and examples of build.");
  add_build(*verb, action);
  add_synth(*verb, action);
  add_check(*verb, action);
  add_stats(*verb, action);
}

}  // namespace voxgrad::apps
