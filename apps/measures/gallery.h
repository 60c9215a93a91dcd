// Pictures of what a model does well and badly.
#pragma once

#include <filesystem>

#include "datasets/dataset.h"
#include "pix2vox/evaluation/object_measures.h"

namespace voxgrad::apps {

/// A sheet per category, NAME.png: rows of input, prediction and truth for the object of the
/// highest IoU, the median one, and the lowest; and index.tsv with which they are. The measures
/// must have kept the shapes. Error if a file cannot be written.
void write_gallery(const std::filesystem::path& folder, const ObjectMeasures& measures,
                   const Dataset& dataset);

}  // namespace voxgrad::apps
