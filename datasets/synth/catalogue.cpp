#include "datasets/synth/catalogue.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/synth/families.h"
#include "datasets/synth/palette.h"
#include "tensor/error.h"
#include "tensor/rng.h"

namespace voxgrad {
namespace {

struct Family {
  const char* category;
  double share;
  void (*make)(Shaper&, Draw&);
};

// Shares, up to a factor, by how much shapes of a family differ and how many parts are thin.
constexpr Family families[] = {
    {"airplane", 0.03, make_airplane},
    {"bed", 0.06, make_bed},
    {"bench", 0.04, make_bench},
    {"bus_truck", 0.05, make_bus_truck},
    {"cabinet", 0.12, make_cabinet},
    {"car", 0.05, make_car},
    {"chair", 0.19, make_chair},
    {"display", 0.03, make_display},
    {"lamp", 0.11, make_lamp},
    {"loudspeaker", 0.02, make_loudspeaker},
    {"motorbike_bike", 0.02, make_motorbike_bike},
    {"rifle", 0.06, make_rifle},
    {"sofa", 0.07, make_sofa},
    {"table", 0.13, make_table},
    {"telephone", 0.02, make_telephone},
    {"watercraft", 0.05, make_watercraft},
};

constexpr std::uint64_t shape_stream = 0x73796e7468;

const Family& family_of(const std::string& category) {
  const auto found = std::ranges::find_if(
      families, [&](const Family& family) { return category == family.category; });
  if (found != std::end(families)) return *found;
  std::string names;
  for (const Family& family : families) names += concat(names.empty() ? "" : ", ", family.category);
  fail<ConfigError>("[synth] no category \"", category, "\": there are ", names);
}

// Some objects are of one colour, as models without materials are.
void maybe_plain(Mesh& mesh, Draw& d) {
  if (!d.chance(0.18)) return;
  const Color color = d.chance(0.8) ? grey(d.real(0.1, 0.95)) : any_color(d);
  std::ranges::fill(mesh.colors, color);
}

}  // namespace

const std::vector<SynthCategory>& synth_categories() {
  static const std::vector<SynthCategory> categories = [] {
    double total = 0;
    for (const Family& family : families) total += family.share;
    std::vector<SynthCategory> result;
    for (const Family& family : families) result.push_back({family.category, family.share / total});
    return result;
  }();
  return categories;
}

Mesh synth_mesh(const std::string& category, std::uint64_t seed, std::uint64_t number) {
  const Family& family = family_of(category);
  Rng rng(seed, {shape_stream, std::uint64_t(&family - families), number});
  Draw draw(rng);
  Shaper shaper;
  family.make(shaper, draw);
  Mesh mesh = shaper.take();
  maybe_plain(mesh, draw);
  return mesh;
}

MeshSources synth_sources(std::int64_t count, std::uint64_t seed,
                          const std::vector<std::string>& categories) {
  std::vector<const Family*> wanted;
  for (const std::string& name : categories) wanted.push_back(&family_of(name));
  if (wanted.empty())
    for (const Family& family : families) wanted.push_back(&family);
  std::ranges::sort(wanted);
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  const auto kinds = std::int64_t(wanted.size());
  check<ConfigError>(count >= kinds && count <= 10'000'000, "[synth] ", count,
                     " objects asked for: give ", kinds,
                     " or more, at least one for each category, and at most 10000000");
  double total = 0;
  for (const Family* family : wanted) total += family->share;
  MeshSources sources;
  double upto = 0;
  for (const Family* family : wanted) {
    // One each, and the rest by their shares.
    const auto part = [&](double share) {
      return std::int64_t(double(count - kinds) * share / total + 1e-6);
    };
    const std::int64_t objects = 1 + part(upto + family->share) - part(upto);
    upto += family->share;
    for (std::int64_t number = 0; number < objects; ++number) {
      MeshSource source;
      source.category = family->category;
      source.id = fmt::format("synth-{}-{:06}", seed, number);
      source.split = "train";
      source.licence = "CC0-1.0";
      source.author = "pix2vox dataset synth";
      source.title = fmt::format("{} {}", family->category, number);
      source.source = fmt::format("generated, seed {}", seed);
      source.name = source.category + "/" + source.id;
      source.load = [category = source.category, seed, number] {
        return synth_mesh(category, seed, std::uint64_t(number));
      };
      sources.objects.push_back(std::move(source));
    }
  }
  return sources;
}

}  // namespace voxgrad
