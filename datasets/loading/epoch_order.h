// Which objects an epoch of training shows, and in what order.
//
// An object of weight w (Dataset::weight) is shown w times per epoch on average: floor(w) times,
// and of each run of neighbouring objects of one weight a share of w - floor(w) once more, drawn
// anew for each epoch. So an epoch's length is always the same. With weights of 1 it shows each
// object once.
#pragma once

#include <cstdint>
#include <vector>

#include "datasets/dataset.h"

namespace voxgrad {

struct EpochEntry {
  std::int64_t object = 0;
  std::uint64_t repeat = 0;  // how often the epoch shows it besides, and before in no order
};

/// Entries of every epoch.
std::int64_t epoch_length(const Dataset& dataset);

/// In random order; the same for the same seed and epoch.
std::vector<EpochEntry> shuffled_epoch(const Dataset& dataset, std::uint64_t seed,
                                       std::uint64_t epoch);

}  // namespace voxgrad
