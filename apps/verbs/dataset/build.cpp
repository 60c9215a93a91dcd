// pix2vox dataset build | synth
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/command_line/json_flag.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/dataset/parts.h"
#include "datasets/build/builder.h"
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

}  // namespace

void add_dataset_build(Verb& parent, Action& action) {
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
      "  pix2vox dataset build --meshes my-meshes --out wide --variants 4 \\\n"
      "    --stretch 0.3 --mirror --vary-light 0.7 --materials 0.4 --recolor 0.5");
  verb->callback([options, json, &action] {
    action = [options, json] {
      return run_build(*options, *json, [&](const BuildProgress& progress) {
        return build_dataset(*options, progress);
      });
    };
  });
}

void add_dataset_synth(Verb& parent, Action& action) {
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
      "All objects are in the training split: train on them beside a data set of real\n"
      "ones with --set data.mix=[generated].");
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

}  // namespace voxgrad::apps
