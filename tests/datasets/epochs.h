// Loading whole epochs in tests.
#pragma once

#include <vector>

#include "datasets/loading/loader.h"

namespace voxgrad::testing {

/// Options that fit a FakeDataset.
inline LoaderOptions small_options(std::int64_t batch_size = 4, int n_views = 1) {
  LoaderOptions options;
  options.batch_size = batch_size;
  options.n_views = n_views;
  options.n_vox = 8;
  options.transform.size = 6;
  return options;
}

inline std::vector<Batch> load_epoch(Loader& loader, std::int64_t epoch,
                                     std::int64_t first_batch = 0) {
  loader.start_epoch(epoch, first_batch);
  std::vector<Batch> batches;
  for (Batch batch; loader.next(batch);) batches.push_back(batch);
  return batches;
}

}  // namespace voxgrad::testing
