// What a run predicts for the same few objects of the validation split after every epoch, kept in
// its folder samples/ for reports and viewers:
//
//   objects.safetensors        truth u8 [B,n,n,n] (0 or 1) and input u8 [B,S,S,3], what the network
//                              sees of the first view
//   objects.json               their categories and names
//   epoch_N.safetensors        probability u8 [B,n,n,n], round(255 p)
//
// Volumes are [x][y][z], y up. Written atomically.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/loading/loader.h"
#include "tensor/tensor.h"

namespace voxgrad {

struct SampleObjects {
  std::vector<ObjectInfo> objects;
  Tensor truth;   // u8 [B,n,n,n]
  Tensor inputs;  // u8 [B,S,S,3]
};

/// Takes the sample objects out of the batches of a validation: `count` of them, evenly spread over
/// the split, the same ones every time.
class SampleCollector {
 public:
  SampleCollector(std::int64_t objects_in_split, std::int64_t count);
  /// The next batch of the split, with its predicted volumes f32 [B,n,n,n].
  void add(const Batch& batch, const Tensor& volumes);

  bool empty() const { return objects_.empty(); }
  const std::vector<ObjectInfo>& objects() const { return objects_; }
  Tensor inputs() const { return joined(inputs_); }    // f32 [count,S,S,3]
  Tensor volumes() const { return joined(volumes_); }  // f32 [count,n,n,n]
  Tensor truth() const { return joined(truth_); }      // f32 [count,n,n,n]

 private:
  static Tensor joined(const std::vector<Tensor>& rows);

  std::int64_t split_, count_, seen_ = 0;
  std::vector<ObjectInfo> objects_;
  std::vector<Tensor> inputs_, volumes_, truth_;
};

/// inputs f32 [B,S,S,3] as the network sees them, truth f32 [B,n,n,n].
void write_sample_objects(const std::filesystem::path& folder,
                          const std::vector<ObjectInfo>& objects, const Tensor& inputs,
                          const Tensor& truth);
/// probabilities f32 [B,n,n,n].
void write_sample_volumes(const std::filesystem::path& folder, std::int64_t epoch,
                          const Tensor& probabilities);

/// Error, with the file's name, if it is not as described above.
SampleObjects read_sample_objects(const std::filesystem::path& folder);
/// u8 [B,n,n,n] as in `objects`; Error otherwise.
Tensor read_sample_volumes(const std::filesystem::path& folder, std::int64_t epoch,
                           const SampleObjects& objects);
/// Epochs with volumes, ascending; none if there is no such folder.
std::vector<std::int64_t> epochs_with_samples(const std::filesystem::path& folder);

}  // namespace voxgrad
