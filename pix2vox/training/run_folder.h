// The files of a training run besides its checkpoints.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tensor/tensor.h"
#include "voxels/image/image.h"

namespace voxgrad {

/// Held as long as it lives: no other training may use the run's folder. The system lets go of it
/// however the program ends.
class RunLock {
 public:
  /// Locks a file, which is made if it is not there. ConfigError if another one holds it.
  explicit RunLock(const std::filesystem::path& file);
  RunLock(RunLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RunLock& operator=(RunLock&&) = delete;
  ~RunLock();

 private:
  int fd_;
};

struct RunFolder {
  std::filesystem::path root;

  std::filesystem::path config() const { return root / "config.yaml"; }
  std::filesystem::path log() const { return root / "log.txt"; }
  std::filesystem::path metrics() const { return root / "metrics.csv"; }
  std::filesystem::path samples() const { return root / "samples"; }
  std::filesystem::path checkpoints() const { return root / "checkpoints"; }
  std::filesystem::path best() const { return checkpoints() / "best.h5"; }
  std::filesystem::path epoch(std::int64_t number) const;

  /// True if a training has left a checkpoint here.
  bool has_run() const;
  /// Makes the folders, locks them and clears away what a killed training left half-written. Error
  /// if that is not possible.
  [[nodiscard]] RunLock create() const;
};

/// Adds a row to a CSV file whose first column counts epochs, after dropping rows of this and later
/// epochs (left by a run that was stopped after it wrote them). Written atomically.
void append_metrics(const std::filesystem::path& file, const std::string& header,
                    std::int64_t epoch, const std::string& row);

/// Rows of three pictures: what the network saw, prediction, truth. inputs f32 [B,S,S,3], volumes
/// and truth f32 [B,n,n,n].
Image sample_sheet(const Tensor& inputs, const Tensor& volumes, const Tensor& truth,
                   double threshold);

}  // namespace voxgrad
