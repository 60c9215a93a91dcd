// The folder that a build writes: what may be there before, and what must not remain.
#pragma once

#include <filesystem>

#include "datasets/build/builder.h"

namespace voxgrad {

/// "ShapeNetVox32".
std::string volume_folder(const BuildOptions& options);

/// Makes options.out ready: refuses to mix a data set with other files, to replace one without
/// `overwrite`, and to resume where nothing was begun. Takes away what marks a finished data set.
void prepare_folder(const BuildOptions& options);

/// Removes the objects of earlier builds that the taxonomy does not list, and volumes of another
/// resolution.
void remove_orphans(const BuildOptions& options, const Taxonomy& taxonomy);

}  // namespace voxgrad
