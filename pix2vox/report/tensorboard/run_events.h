// A training as TensorBoard shows it: scalars of every epoch, the sample pictures, the sample
// volumes as meshes, and the configuration.
#pragma once

#include <string>

#include "pix2vox/report/tensorboard/event_file.h"
#include "pix2vox/training/trainer.h"

namespace voxgrad::tensorboard {

class RunEvents {
 public:
  /// Begins a file in the run's folder tensorboard/.
  RunEvents(const RunFolder& run, const Config& config);
  /// After an epoch, when the run's folder has its samples. Pictures and meshes take room: about
  /// twenty epochs of a run have them, the first and the last among these.
  void epoch(const EpochReport& report);
  /// The last call.
  void close() { file_.close(); }

 private:
  void samples(std::int64_t epoch, double threshold);

  RunFolder run_;
  EventFile file_;
};

}  // namespace voxgrad::tensorboard
