// A Pix2Vox with every part but few channels, for tests: pictures of 24x24, volumes of 8x8x8.
#pragma once

#include "layers/init.h"
#include "pix2vox/network/model.h"
#include "tests/support/tensors.h"

namespace voxgrad::testing {

inline ModelConfig tiny_model() {
  ModelConfig model = default_model("A", 8);
  model.image_size = 24;
  model.trunk_channels = {2, 3, 2, 4};
  model.encoder_channels = {4, 5, 8};
  model.encoder_kernel_sizes = {1, 2, 1};
  model.encoder_pool = 1;
  model.decoder_channels = {3, 2};
  model.merger_channels = {3, 2};
  model.refiner_channels = {3};
  model.refiner_hidden = 7;
  model.freeze_vgg = false;
  return model;
}

/// Initialised and in f64.
inline std::shared_ptr<Pix2Vox> make_tiny(const ModelConfig& config = tiny_model(),
                                          std::uint64_t seed = 1) {
  auto model = std::make_shared<Pix2Vox>(config);
  initialize(*model, seed);
  model->to(DType::f64);
  return model;
}

inline Tensor random_images(const ModelConfig& config, std::int64_t count, std::uint64_t seed) {
  Rng rng(seed);
  return random_uniform(rng, {count, config.image_size, config.image_size, 3}, -1, 1);
}

inline Tensor random_truth(const ModelConfig& config, std::int64_t batch, std::uint64_t seed) {
  Rng rng(seed);
  const std::int64_t n = config.n_vox;
  Tensor truth({batch, n, n, n}, DType::f64);
  for (std::int64_t i = 0; i < truth.numel(); ++i)
    truth.data<double>()[i] = rng.uniform() < 0.3 ? 1 : 0;
  return truth;
}

}  // namespace voxgrad::testing
