// Checkpoint files: HDF5 that h5ls and h5py open, with a checksum trailer.
//
//   /                     attributes format "voxgrad checkpoint", format_version, threshold,
//                         layout "channels_last", config (resolved, as YAML text)
//   /thresholds           attribute categories: the categories' own thresholds as JSON, a list of
//                         objects with id, name and threshold; absent where none were chosen
//   /model/NAME           one dataset a tensor, in state-dict order
//   /training             attributes optimizer, epoch, batch, seed, best_epoch, best_iou; the
//                         group is absent from files that hold weights alone
//   /training/weights/NAME   with train.ema: the weights that training continues from, as /model
//   then
//                         holds their moving average; attribute updates: of the average so far
//   /training/sums/NAME   running sums of the unfinished epoch
//   /training/state/NAME  the optimizer's tensors; ':' stands for the '/' in their names
//   /training/data        attributes train_objects, train_contents, validation_objects,
//                         validation_contents: fingerprints of the splits; absent from old files
//   after it              24 bytes: "VOXGRAD1", length and 64-bit checksum of the HDF5 part
//
// The same contents give the same bytes. Tensors come from any device and are loaded to the CPU.
// A file is built in memory, written beside its place and renamed, so a half-written one never
// carries the real name. On loading the checksum comes first: any changed bit is an Error. Only
// plain contiguous datasets of known types are read; their sizes are checked against the file's
// before memory is taken. NaN and infinity are never saved. The checksum is no signature: whoever
// changes a file on purpose can make it fit. So the reader is our own: it trusts no address or
// length in the file.
#pragma once

#include <filesystem>
#include <map>
#include <optional>

#include "datasets/fingerprint.h"
#include "layers/module.h"
#include "optim/optimizer.h"
#include "pix2vox/config/config.h"

namespace voxgrad {

/// Everything besides the weights that a training needs to continue bit for bit.
struct TrainingState {
  std::string optimizer;  // "adam" or "sgd"
  std::vector<NamedTensor> optimizer_state;
  std::int64_t epoch = 0;       // epochs completed; the schedule follows from it
  std::int64_t batch = 0;       // batches done in the epoch after those
  std::uint64_t seed = 0;       // of all random draws, which are keyed by (seed, epoch, sample)
  std::int64_t best_epoch = 0;  // 0: none yet
  double best_iou = 0;
  std::map<std::string, double> sums;  // running sums of the unfinished epoch
  /// With a moving average, which Checkpoint::model then holds: the weights that are trained.
  struct Averaged {
    std::vector<NamedTensor> weights;
    std::int64_t updates = 0;
  };
  std::optional<Averaged> averaged{};
  /// Of the training split, and of the validation split (empty without one). None: not known.
  struct Data {
    DatasetFingerprint train, validation;
    bool operator==(const Data&) const = default;
  };
  std::optional<Data> data{};
};

/// The longest configuration, as text, that a checkpoint stores: an attribute of HDF5 ends at 64
/// KiB.
inline constexpr std::size_t max_config_text = 60'000;

/// A category's own threshold.
struct CategoryThreshold {
  std::string id, name;  // "03001627", "chair"
  double threshold = 0.3;
  bool operator==(const CategoryThreshold&) const = default;
};

struct Checkpoint {
  Config config;
  std::vector<NamedTensor> model;                        // with train.ema: the moving average
  double threshold = 0.3;                                // calibrated on the validation set
  std::vector<CategoryThreshold> category_thresholds{};  // the same by category, or empty
  std::optional<TrainingState> training;
};

/// Error if a tensor is not finite, if the configuration is longer than max_config_text, or if the
/// file cannot be written (what stood there remains).
void save_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint);

enum class CheckpointPart { all, weights };  // weights: leaves `training` empty
/// Error names the file and what is wrong with it.
Checkpoint load_checkpoint(const std::filesystem::path& file,
                           CheckpointPart part = CheckpointPart::all);

/// folder/last.h5, and folder/last.previous.h5 with what last.h5 held before.
void save_last_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint);

struct LastCheckpoint {
  Checkpoint checkpoint;
  std::filesystem::path file;
  std::string warning;  // empty, or why last.h5 could not be used: to be shown
};
/// last.h5, or last.previous.h5 if that is missing or damaged; a damaged last.h5 is renamed to
/// last.damaged.h5, or last.damaged-2.h5 and so on. Error, with both reasons, if neither can be
/// used, and if last.h5 is whole but cannot be used, as one of a newer format.
LastCheckpoint load_last_checkpoint(const std::filesystem::path& folder);

/// ConfigError naming both variants and the sizes that differ, unless the file's network is the one
/// asked for.
void check_same_network(const ModelConfig& in_file, const ModelConfig& wanted,
                        const std::filesystem::path& file);

}  // namespace voxgrad
