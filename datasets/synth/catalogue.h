// Objects made by a program: furniture, lamps, appliances, vehicles, boats, planes and weapons of
// parametric kinds, as many as one likes. An object follows from its category, seed and number
// alone, so a larger set holds a smaller one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/build/mesh_sources.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad {

/// The categories, in name order, with their shares of a set that names none.
struct SynthCategory {
  std::string name;
  double share;
};
const std::vector<SynthCategory>& synth_categories();

/// Closed parts in several colours; y is up, the front faces +z, the size is any. ConfigError, with
/// the categories there are, if there is no such one.
Mesh synth_mesh(const std::string& category, std::uint64_t seed, std::uint64_t number);

/// `count` objects for the builder, dealt to the categories by their shares (each gets at least
/// one), all in the training split. Ids are synth-SEED-NUMBER. ConfigError for an unknown category
/// or a count below the number of categories. Empty: all categories.
MeshSources synth_sources(std::int64_t count, std::uint64_t seed,
                          const std::vector<std::string>& categories = {});

}  // namespace voxgrad
