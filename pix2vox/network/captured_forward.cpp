#include "pix2vox/network/captured_forward.h"

namespace voxgrad {

CapturedForward::CapturedForward(Pix2Vox& model)
    : model_(model),
      device_(model.parameters().front().variable.device()),
      upload_(device_),
      work_(device_) {}

const Prediction& CapturedForward::operator()(const Tensor& images, std::int64_t n_views) {
  const NoGrad no_grad;
  const Tensor there = images.device() == device_ ? images : upload_(images);
  work_({there}, n_views, [&] { prediction_ = model_.forward(there, n_views); });
  return prediction_;
}

}  // namespace voxgrad
