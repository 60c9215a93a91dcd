#include "datasets/build/builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "datasets/build/build_journal.h"
#include "datasets/build/object_builder.h"
#include "datasets/build/out_folder.h"
#include "datasets/build/split_groups.h"
#include "datasets/common/rendered_views.h"
#include "io/file.h"
#include "tensor/error.h"
#include "tensor/rng.h"

namespace voxgrad {
namespace {

namespace fs = std::filesystem;

// Of all voxels: shapes worth a look.
constexpr double nearly_empty = 0.002, nearly_full = 0.95;

void check_options(const BuildOptions& options) {
  const auto within = [](const char* name, int value, int low, int high) {
    check<ConfigError>(value >= low && value <= high, "[build] ", name, " ", value, " is not in ",
                       low, "..", high);
  };
  within("resolution", options.resolution, 2, 256);
  within("views", options.views, 1, 1000);
  within("image size", options.image_size, 16, 2048);
  within("threads", options.threads, 0, 1024);
  check_widening(options.widening);
}

// What a resumed build must have in common with the one that was interrupted.
std::string description_of(const BuildOptions& options, const std::string& origin) {
  return fmt::format("resolution {} views {} image-size {} seed {}{}{}", options.resolution,
                     options.views, options.image_size, options.seed,
                     description_of(options.widening), origin.empty() ? "" : " of " + origin);
}

// A split for each of a category's objects: the one it came with, else one of its group's.
struct Splits {
  std::vector<std::string> names;
  int grouped = 0;  // objects that are not alone in their group
};

Splits splits_of(const std::vector<const MeshSource*>& sources,
                 const std::vector<const RotatedShape*>& shapes, std::uint64_t seed) {
  Splits splits{std::vector<std::string>(sources.size())};
  std::vector<std::size_t> open;
  std::vector<RotatedShape> open_shapes;
  std::vector<std::string> open_groups;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    splits.names[i] = sources[i]->split;
    if (!splits.names[i].empty()) continue;
    open.push_back(i);
    open_shapes.push_back(*shapes[i]);
    open_groups.push_back(sources[i]->group);
  }
  if (open.empty()) return splits;
  const auto groups = near_duplicate_groups(open_shapes, open_groups);
  std::map<std::uint32_t, int> members;
  for (const std::uint32_t group : groups) ++members[group];
  for (const auto& [group, count] : members) splits.grouped += count > 1 ? count : 0;
  const auto dealt = assign_splits(groups, seed, hash_of_name(sources[0]->category));
  for (std::size_t i = 0; i < open.size(); ++i) splits.names[open[i]] = dealt[i];
  return splits;
}

void write_text(const fs::path& file, const std::string& text) {
  write_file_atomically(file, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return text;
}

void write_skipped(const BuildReport& report, const fs::path& file) {
  std::string text = "mesh\treason\n";
  for (const auto* list : {&report.skipped, &report.left_out}) {
    for (const auto& [name, reason] : *list) {
      text += one_line(name) + "\t" + one_line(reason) + "\n";
    }
  }
  write_text(file, text);
}

std::string credits_row(const MeshSource& source, const std::string& split) {
  std::string row;
  for (const std::string& cell : {source.category, source.id, split, source.title, source.author,
                                  source.licence, source.source}) {
    row += one_line(cell) + "\t";
  }
  row.back() = '\n';
  return row;
}

// The part of a report that tells of each mesh alone.
void report_outcomes(const std::vector<MeshSource>& sources, const std::vector<Outcome>& outcomes,
                     BuildReport& report) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    const std::string& name = sources[i].name;
    if (!outcome.shape) {
      if (!outcome.reason.empty()) report.skipped.push_back({name, outcome.reason});
      continue;
    }
    ++report.objects;
    report.kept += outcome.kept;
    for (const std::string& note : outcome.notes) report.not_read.push_back({name, note});
    if (outcome.occupancy < nearly_empty) report.nearly_empty.push_back(name);
    if (outcome.occupancy > nearly_full) report.nearly_full.push_back(name);
  }
}

// Of the built objects among `sources`, the splits; of the others nothing.
std::vector<std::string> divide(const std::vector<MeshSource>& sources,
                                const std::vector<Outcome>& outcomes, std::uint64_t seed,
                                BuildReport& report) {
  std::vector<std::string> result(sources.size());
  for (std::size_t begin = 0, end = 0; begin < sources.size(); begin = end) {
    const std::string& category = sources[begin].category;
    std::vector<std::size_t> places;
    std::vector<const MeshSource*> built;
    std::vector<const RotatedShape*> shapes;
    for (; end < sources.size() && sources[end].category == category; ++end) {
      if (!outcomes[end].shape) continue;
      places.push_back(end);
      built.push_back(&sources[end]);
      shapes.push_back(outcomes[end].shape.get());
    }
    if (built.empty()) continue;
    const Splits splits = splits_of(built, shapes, seed);
    report.grouped += splits.grouped;
    for (std::size_t i = 0; i < places.size(); ++i) result[places[i]] = splits.names[i];
  }
  return result;
}

// Objects of the training split to be built now that the splits are known: those that were not
// known to be in it, whose looks are widened, and variants.
std::vector<MeshSource> second_round(const std::vector<MeshSource>& sources,
                                     const std::vector<std::string>& splits,
                                     const BuildOptions& options) {
  std::vector<MeshSource> round;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (splits[i] != "train") continue;
    MeshSource object = sources[i];
    object.split = "train";
    if (sources[i].split.empty() && changes_looks(options.widening)) round.push_back(object);
    for (int number = 1; number <= options.widening.variants; ++number) {
      MeshSource variant = object;
      variant.id += fmt::format("+v{}", number);
      variant.title += " (derived)";
      variant.name = fmt::format("{} (variant {})", sources[i].name, number);
      const std::uint64_t key = hash_of_name(variant.category + "/" + variant.id);
      variant.load = [load = sources[i].load, widening = options.widening, number, key,
                      seed = options.seed] {
        Mesh mesh = load();
        Rng rng(seed, {key, build_streams::variant});
        derive_shape(mesh, widening, number, rng);
        return mesh;
      };
      round.push_back(std::move(variant));
    }
  }
  return round;
}

bool is_variant(const MeshSource& source) {
  return source.id.find("+v") != std::string::npos;  // names have no '+' (plain_name.h)
}

// Variants that came near an object of val or test are not built, as far as the data set goes.
void leave_out_near_held_out(const std::vector<Outcome>& outcomes,
                             const std::vector<std::string>& splits,
                             const std::vector<MeshSource>& derived, std::vector<Outcome>& built,
                             BuildReport& report) {
  std::vector<const RotatedShape*> held_out;
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    if (outcomes[i].shape && splits[i] != "train") held_out.push_back(outcomes[i].shape.get());
  for (std::size_t i = 0; i < derived.size(); ++i) {
    Outcome& variant = built[i];
    if (!variant.shape || !is_variant(derived[i])) continue;
    const bool near = std::ranges::any_of(held_out, [&](const RotatedShape* shape) {
      return are_near_duplicates(*shape, *variant.shape);
    });
    if (!near) continue;
    variant.shape.reset();
    ++report.near_held_out;
  }
}

// Adds objects to the taxonomy and to the credits.
void list_objects(const std::vector<MeshSource>& sources, const std::vector<Outcome>& outcomes,
                  const std::vector<std::string>& splits, Taxonomy& taxonomy,
                  std::string& credits) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!outcomes[i].shape) continue;
    const std::string& category = sources[i].category;
    auto entry = std::ranges::find(taxonomy, category, &Category::taxonomy_id);
    if (entry == taxonomy.end()) {
      taxonomy.push_back({category, category, {}, {}, {}});
      entry = std::prev(taxonomy.end());
    }
    const std::string& split = splits[i];
    auto& list = split == "train" ? entry->train : split == "val" ? entry->val : entry->test;
    list.push_back(sources[i].id);
    credits += credits_row(sources[i], split);
  }
}

}  // namespace

BuildReport build_dataset(const BuildOptions& options, const BuildProgress& progress) {
  check_options(options);
  return build_dataset(list_mesh_sources(options.meshes), "", options, progress);
}

BuildReport build_dataset(const MeshSources& sources, const std::string& origin,
                          const BuildOptions& options, const BuildProgress& progress) {
  check_options(options);
  prepare_folder(options);
  BuildJournal journal(options.out, description_of(options, origin), options.resume);
  ObjectBuilder builder(sources.objects, options, progress, journal);

  BuildReport report;
  report.meshes = int(sources.objects.size());
  report.renamed = sources.renamed;
  report.notes = sources.notes;
  for (const PassedOver& item : sources.passed_over) {
    report.skipped.push_back({item.name, item.reason});
  }
  for (const std::string& name : sources.left_out) {
    report.left_out.push_back({name, "belongs to no class of this data set"});
  }
  report.interrupted = !builder.run();
  report_outcomes(sources.objects, builder.outcomes(), report);
  if (report.interrupted) return report;
  if (report.objects == 0) {
    const SkippedMesh first = report.skipped.empty() ? SkippedMesh{} : report.skipped.front();
    fail<DataError>("[build] none of the ", report.meshes,
                    " meshes can be used; the first: ", first.name, ": ", first.reason);
  }
  const std::vector<std::string> splits =
      divide(sources.objects, builder.outcomes(), options.seed, report);

  const std::vector<MeshSource> round = second_round(sources.objects, splits, options);
  ObjectBuilder second(round, options, progress, journal, " 2", report.meshes);
  report.interrupted = !second.run();
  if (report.interrupted) return report;
  leave_out_near_held_out(builder.outcomes(), splits, round, second.outcomes(), report);
  std::vector<MeshSource> variants;
  std::vector<Outcome> variant_outcomes;
  for (std::size_t i = 0; i < round.size(); ++i) {
    if (!is_variant(round[i])) continue;
    variants.push_back(round[i]);
    variant_outcomes.push_back(std::move(second.outcomes()[i]));
  }
  const int without_variants = report.objects;
  report_outcomes(variants, variant_outcomes, report);
  report.variants = report.objects - without_variants;

  std::string credits = "category\tobject\tsplit\ttitle\tauthor\tlicence\tsource\n";
  list_objects(sources.objects, builder.outcomes(), splits, report.taxonomy, credits);
  list_objects(variants, variant_outcomes, std::vector<std::string>(variants.size(), "train"),
               report.taxonomy, credits);
  remove_orphans(options, report.taxonomy);
  write_text(options.out / "credits.tsv", credits);
  write_skipped(report, options.out / "skipped.tsv");
  write_taxonomy(report.taxonomy, options.out / "dataset.json");
  journal.remove();
  return report;
}

}  // namespace voxgrad
