#include "pix2vox/prediction/predictor.h"

#include <algorithm>

#include "pix2vox/data/open_dataset.h"
#include "pix2vox/weights/weights.h"

namespace voxgrad {

Predictor::Predictor(const std::filesystem::path& weights, Device device, Precision precision)
    : Predictor(load_weights(weights).checkpoint, device, precision) {}

Predictor::Predictor(const Checkpoint& checkpoint, Device device, Precision precision)
    : config_(checkpoint.config),
      threshold_(checkpoint.threshold),
      model_(std::make_unique<Pix2Vox>(config_.model)) {
  model_->load_state(checkpoint.model);
  model_->fold_for_inference();
  model_->to(device);
  model_->set_precision(precision);
  forward_ = std::make_unique<CapturedForward>(*model_);
}

Predictor::Result Predictor::predict(const std::vector<Image>& views) {
  const Tensor images = preprocess(views, transform_options(config_));
  const Prediction& prediction = (*forward_)(images, std::int64_t(views.size()));
  Result result;
  result.probabilities = VoxelGrid(int(config_.model.n_vox));
  const Tensor volume = prediction.volume().value().to(Device::cpu());
  std::copy_n(volume.data<float>(), volume.numel(), result.probabilities.values.begin());
  const std::int64_t size = config_.model.image_size;
  for (std::int64_t v = 0; v < std::int64_t(views.size()); ++v)
    result.seen.push_back(picture_of_input(images.slice(v, v + 1).reshape({size, size, 3})));
  return result;
}

}  // namespace voxgrad
