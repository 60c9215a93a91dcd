// What a model consists of: every layer with its output shape (one picture, batch left out,
// channels last), parameters, and multiply-adds of one forward pass with one view. Computed from
// the sizes alone; nothing is run. The text also names the algorithm that computes each layer when
// one picture is predicted on the CPU in f32.
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
  bool transposed = false;  // it runs forward by the geometry's backward_data
};

/// The names of the algorithms that compute a convolution or linear layer
/// (tensor/ops/conv_table.h); empty for other layers.
struct LayerAlgorithms {
  std::string inference{};  // folded, with packed weights
  std::string forward{}, input_gradient{}, weight_gradient{};
};

/// Of a layer of the summary, for a batch of maps.
LayerAlgorithms algorithms_of(const LayerSummary& layer, std::int64_t batch, Precision precision,
                              Device device);

struct ModelSummary {
  std::string full_name, variant;  // "Pix2Vox++/F", "++F"
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
