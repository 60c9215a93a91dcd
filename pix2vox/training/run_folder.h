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
  RunLock(RunLock&& other) noexcept
      : name_(std::move(other.name_)), fd_(std::exchange(other.fd_, -1)) {}
  RunLock& operator=(RunLock&&) = delete;
  ~RunLock();
  /// Lets go of it; a warning if the file could not be closed, else "".
  std::string release();

 private:
  std::string name_;
  int fd_;
};

struct RunFolder {
  std::filesystem::path root;

  std::filesystem::path config() const { return root / "config.yaml"; }
  std::filesystem::path log() const { return root / "log.txt"; }
  std::filesystem::path metrics() const { return root / "metrics.csv"; }
  std::filesystem::path categories() const { return root / "categories.csv"; }
  std::filesystem::path status() const { return root / "status.json"; }
  std::filesystem::path samples() const { return root / "samples"; }
  std::filesystem::path results() const { return root / "results"; }
  std::filesystem::path report() const { return root / "report.html"; }
  std::filesystem::path checkpoints() const { return root / "checkpoints"; }
  std::filesystem::path best() const { return checkpoints() / "best.h5"; }
  std::filesystem::path epoch(std::int64_t number) const;

  /// True if a training has left a checkpoint of any kind or metrics here.
  bool has_run() const;
  /// True if there is a checkpoint to resume from.
  bool can_resume() const;
  /// Makes the folders, locks them and clears away what a killed training left half-written. Error
  /// if that is not possible.
  [[nodiscard]] RunLock create() const;
  /// Writes config.yaml. One that says something else is kept as config.1.yaml, the next as
  /// config.2.yaml and so on: what a run began with is never lost.
  void write_config(const std::string& yaml) const;
};

/// Renames a file that is about to be replaced to stem.1.suffix, stem.2.suffix or the first such
/// name that is free, and returns that name.
std::filesystem::path keep_aside(const std::filesystem::path& file);

/// Rows of three pictures: what the network saw, prediction, truth. inputs f32 [B,S,S,3], volumes
/// and truth f32 [B,n,n,n].
Image sample_sheet(const Tensor& inputs, const Tensor& volumes, const Tensor& truth,
                   double threshold);

}  // namespace voxgrad
