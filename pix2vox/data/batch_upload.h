// Batches of a loader on a device. Where the device makes the pictures itself (packed batches),
// what travels is pictures as they were read, and volumes as bytes: about 75 KB and 32 KB a sample
// of the 3D-R2N2 renderings in place of 600 KB and 128 KB.
#pragma once

#include "datasets/loading/loader.h"
#include "tensor/precision.h"
#include "tensor/transfer.h"

namespace voxgrad {

class BatchUpload {
 public:
  /// Pictures come as a network of this precision takes them: bf16, or else f32.
  BatchUpload(Device device, Precision precision);
  /// True if the device takes packed batches (LoaderOptions::pack).
  static bool wants_packed(Device device);

  struct Inputs {
    Tensor images;   // [V*B,S,S,3]
    Tensor volumes;  // f32 [B,n,n,n]
  };
  /// On the CPU, a batch's own tensors. Elsewhere the same two as long as the batches' shapes stay,
  /// overwritten in order with all other work; recorded work may read them.
  Inputs operator()(const Batch& batch);

 private:
  Device device_;
  DType images_dtype_;
  Upload upload_;
  Inputs inputs_;  // not of the CPU
};

}  // namespace voxgrad
