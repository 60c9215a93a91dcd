#include "pix2vox/recorded_forward.h"

namespace voxgrad {

RecordedForward::RecordedForward(Pix2Vox& model)
    : model_(model), device_(model.parameters().front().variable.device()), upload_(device_) {}

const Prediction& RecordedForward::operator()(const Tensor& images, std::int64_t n_views) {
  const NoGrad no_grad;
  const Tensor there = images.device() == device_ ? images : upload_(images);
  const auto run = [&] { prediction_ = model_.forward(there, n_views); };
  const bool known = images_.defined() && images_.shape() == there.shape() &&
                     images_.dtype() == there.dtype() && images_.raw() == there.raw() &&
                     n_views == n_views_;
  if (!known || !Recording::supported(device_)) {
    // The first call with a shape builds plans, which cannot be recorded. Where it runs out of
    // memory, the next is the first.
    recording_ = Recording();
    images_ = Tensor();
    run();
    if (Recording::supported(device_)) images_ = there;
    n_views_ = n_views;
    return prediction_;
  }
  if (!recording_.defined()) recording_ = Recording(device_, run);
  recording_.replay();
  return prediction_;
}

}  // namespace voxgrad
