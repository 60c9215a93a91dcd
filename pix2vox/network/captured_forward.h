// The forward pass of a model in evaluation mode, again and again, recorded where the device can do
// that (tensor/captured_graph.h).
#pragma once

#include "pix2vox/network/model.h"
#include "tensor/captured_graph.h"
#include "tensor/transfer.h"

namespace voxgrad {

class CapturedForward {
 public:
  /// The model must outlive this, stay where it is and in evaluation mode, and keep its precision;
  /// its weights may only be changed in place.
  explicit CapturedForward(Pix2Vox& model);
  /// images: as Pix2Vox::forward() takes them, on the host or on the model's device. Calls on one
  /// tensor of the device, with ever new values, are recorded; one on another begins anew. The
  /// result is on the model's device; the next call with this shape overwrites it.
  const Prediction& operator()(const Tensor& images, std::int64_t n_views);

 private:
  Pix2Vox& model_;
  Device device_;
  Upload upload_;
  Prediction prediction_;
  GraphedWork work_;
};

}  // namespace voxgrad
