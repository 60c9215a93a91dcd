// From a configuration to data: opens the data set and says how the loader is to read it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "datasets/loading/loader.h"
#include "datasets/open.h"
#include "pix2vox/config/config.h"

namespace voxgrad {

/// The data set that a configuration names.
DatasetSource dataset_source(const DataConfig& config);
/// One split of the data set that config.data names. ConfigError if it names none; DataError if the
/// folder is not as expected.
std::unique_ptr<Dataset> open_dataset(const DataConfig& config, const std::string& split);

/// What is trained on: the training split, and with data.mix those of more data sets, without
/// near-duplicates of the first one's validation and test objects. `notes` says what was left out.
std::unique_ptr<Dataset> open_training_data(const DataConfig& config,
                                            std::vector<std::string>& notes);

/// True if the data set has objects in this split.
bool has_split(const DataConfig& config, const std::string& split);

/// Looks at both splits before anything is trained. ConfigError, in the words of the configuration,
/// if the training split cannot fill one batch, or if an object of either split has fewer than
/// train.n_views views, which is named (with data.skip_bad: if all have). DataError if a volume
/// cannot be read or has another side than model.n_vox (with data.skip_bad: if all those looked at
/// have); looked at are 64 of each split, spread evenly, or with `all_volumes` every one.
/// `validation` may be null.
void check_training_fits(const Config& config, const Dataset& training,
                         const Dataset* validation = nullptr, bool all_volumes = false);
void check_testing_fits(const Config& config, const Dataset& dataset);

TransformOptions transform_options(const Config& config);

/// Shuffled, augmented, the last partial batch dropped.
LoaderOptions training_loader(const Config& config);
/// Every object once, in order, its first views; `n_views` and batch size of config.test. An object
/// that cannot be read is an error, in spite of data.skip_bad: no other may count in its place.
LoaderOptions testing_loader(const Config& config);

}  // namespace voxgrad
