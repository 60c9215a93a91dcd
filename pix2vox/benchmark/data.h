// What the benchmarks share: random pictures, and how much a sample computes.
#pragma once

#include <vector>

#include "pix2vox/network/model.h"
#include "pix2vox/network/summary.h"
#include "tensor/device.h"

namespace voxgrad {

/// f32 [views*batch,S,S,3], uniform in -1..1.
Tensor benchmark_pictures(const ModelConfig& model, std::int64_t batch, std::int64_t views,
                          Device device);
/// f32 [batch,n,n,n], a tenth of the voxels 1.
Tensor benchmark_truth(const ModelConfig& model, std::int64_t batch, Device device);

/// Operations of one sample; a multiply-add counts as two.
struct SampleWork {
  double inference = 0, forward = 0, backward = 0;
};
/// Of each of the layers, which are all of the model's. Encoder, decoder and merger run once a
/// view. One view needs no merger: inference leaves it out, training runs it forward alone. Frozen
/// layers compute no gradient of their weights, and those before the first trained one none at all.
std::vector<SampleWork> layer_works(Pix2Vox& model, const std::vector<LayerSummary>& layers,
                                    std::int64_t views);
/// Of the whole model.
SampleWork sample_work(Pix2Vox& model, std::int64_t views);

}  // namespace voxgrad
