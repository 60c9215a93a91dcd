// How much memory and disk a training will take, known before it starts.
//
// The memory of a step is measured: some steps of the real trainer with two small batches, on
// random pictures. It grows by the same number of bytes with each object of a batch, as all shapes
// are static, so that two batches tell all others. Bytes throughout.
#pragma once

#include <cstdint>

#include "pix2vox/config/config.h"
#include "tensor/device.h"

namespace voxgrad {

struct MemoryPlan {
  std::int64_t batch_size = 0, accumulate = 1, n_views = 1;
  // On the device, while training.
  std::uint64_t weights = 0;          // parameters and statistics of batch norms
  std::uint64_t gradients = 0;        // of what is trained
  std::uint64_t optimizer_state = 0;  // moments
  std::uint64_t per_object = 0;       // intermediate results, pictures and volumes of one object
  std::uint64_t step = 0;             // all of these and work space, for a whole batch
  // On the machine.
  std::uint64_t program = 0;        // before anything is trained
  std::uint64_t picture_cache = 0;  // data.cache_mb, if the pictures fill it
  std::uint64_t checkpoint = 0;     // while one is written
  std::uint64_t machine = 0;        // the sum; with the step where that runs on the CPU
  // On disk, for the whole run.
  std::uint64_t checkpoints = 0, samples = 0;
  std::uint64_t disk() const { return checkpoints + samples; }

  /// The step for another batch.
  std::uint64_t step_of(std::int64_t batch) const;
  /// The parts that a batch has to be cut into (train.accumulate) so that the step leaves the
  /// machine's memory at `bytes` or below; 0 if no number of parts does.
  std::int64_t parts_that_fit(std::uint64_t bytes) const;
};

/// Takes as long as four steps of two to four objects.
MemoryPlan plan_memory(const Config& config, Device device);

}  // namespace voxgrad
