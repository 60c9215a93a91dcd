// Refiner (variant A): a 3-D U-Net over the fused volume. Going down: convolutions (kernel 4,
// padding 2), batch norm, LeakyReLU(0.2), max pooling 2, until side 4; there two linear layers
// (flattened channels first); going up: transposed convolutions (kernel 4, stride 2, padding 1, no
// bias), batch norm, ReLU, each after adding the map of the same side from the way down.
//
//   x32 -> x16 -> x8 -> x4;  r4 = x4 + linear(x4);  r8 = x8 + up(r4);  r16 = x16 + up(r8)
//   result = (x32 + sigmoid(up(r16))) / 2
#pragma once

#include "layers/module.h"
#include "pix2vox/config/config.h"

namespace voxgrad {

class Refiner : public UnaryModule {
 public:
  explicit Refiner(const ModelConfig& config);
  /// volume [B,n,n,n], result [B,n,n,n], both probabilities and never bf16.
  Variable forward(const Variable& volume, const ForwardContext&) override {
    return forward(volume, volume.dtype());
  }
  /// The same with maps between the layers in `maps_dtype`.
  Variable forward(const Variable& volume, DType maps_dtype);

 private:
  std::vector<std::shared_ptr<UnaryModule>> down_, up_;
  std::shared_ptr<UnaryModule> squeeze_, expand_;
};

}  // namespace voxgrad
