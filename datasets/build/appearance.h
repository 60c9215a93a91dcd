// Widens what the training split of a built data set shows: places of the camera, light, colours,
// materials, and shapes derived from its own. Off unless asked for; objects of val and test are
// never widened.
#pragma once

#include <array>
#include <string>

#include "tensor/rng.h"
#include "voxels/mesh/mesh.h"
#include "voxels/render/render_style.h"

namespace voxgrad {

struct Widening {
  std::array<double, 2> elevation{25, 30};  // degrees, of all views
  std::array<double, 2> distance{1, 1.2};   // of the nearest that shows the whole object
  double light = 0;      // 0: the same light for all objects .. 1: any direction and strength
  double materials = 0;  // share of the parts that get a pattern
  double recolor = 0;    // share of the parts that get another colour
  int variants = 0;      // more objects derived from each one of the training split
  double stretch = 0;    // of variants: each axis is scaled by a factor in 1/(1+this)..1+this
  bool mirror = false;   // of variants: left and right change places in every second one

  bool operator==(const Widening&) const = default;
};

/// ConfigError for numbers out of range.
void check_widening(const Widening& widening);
/// What a resumed build must have in common; empty if nothing is widened.
std::string description_of(const Widening& widening);

/// True if objects themselves look otherwise, not only variants of them.
bool changes_looks(const Widening& widening);

/// Recolours parts of a mesh, in place, and draws its light and patterns. A part is what has one
/// colour.
RenderStyle draw_appearance(Mesh& mesh, const Widening& widening, Rng& rng);

/// The mesh of a variant, in place: scaled along its axes and perhaps mirrored (x to -x).
void derive_shape(Mesh& mesh, const Widening& widening, int variant, Rng& rng);

}  // namespace voxgrad
