// pix2vox dataset stats
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/command_line/json_flag.h"
#include "apps/verbs/dataset/parts.h"
#include "datasets/check/check.h"
#include "datasets/sheet.h"
#include "io/plural.h"

namespace voxgrad::apps {
namespace {

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

}  // namespace

void add_dataset_stats(Verb& parent, Action& action) {
  struct Flags {
    SourceFlags source;
    std::string sheet;
    JsonFlag json;
  };
  auto flags = std::make_shared<Flags>();
  Verb* verb = parent.add_subcommand("stats", "What a data set holds");
  flags->source.add(*verb);
  flags->source.add_split(*verb, "train");
  verb->add_option("--sheet", flags->sheet, "PNG with pictures and volumes of each category")
      ->type_name("FILE");
  flags->json.add(*verb);
  verb->footer(
      "Example:\n"
      "  pix2vox dataset stats my-data --split test --sheet my-data.png");
  verb->callback([flags, &action] {
    action = [flags] {
      flags->json.check_writable();
      const auto dataset = open_dataset(flags->source.source, flags->source.split);
      const DatasetStatistics statistics = dataset_statistics(*dataset);
      if (!flags->sheet.empty()) write_png(overview_sheet(*dataset, 6), flags->sheet);
      if (flags->json.prints_text()) std::cout << to_text(statistics);
      flags->json.write(to_json(statistics));
      return int(kOk);
    };
  });
}

}  // namespace voxgrad::apps
