// What a model consists of: every layer with its output shape (one picture, batch left out,
// channels last), parameters, and multiply-adds of one forward pass with one view. Computed from
// the sizes alone; nothing is run.
#pragma once

#include <optional>

#include "pix2vox/network/model.h"
#include "tensor/ops/conv_ops.h"

namespace voxgrad {

struct LayerSummary {
  std::string name{};  // "encoder.vgg.0"
  std::string kind{};  // "Conv2d 3x3"
  Shape output{};
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;
  /// Of convolutions and linear layers, with batch 1.
  std::optional<ConvGeometry> geometry{};
};

struct ModelSummary {
  std::string variant;
  std::vector<LayerSummary> layers;
  std::int64_t parameters = 0;
  std::int64_t multiply_adds = 0;

  /// Totals over the layers whose name begins with `prefix` ("encoder.vgg").
  LayerSummary total(const std::string& prefix) const;
  std::string to_text() const;  // a table
  std::string to_json() const;
};

ModelSummary summarize(Pix2Vox& model);

}  // namespace voxgrad
