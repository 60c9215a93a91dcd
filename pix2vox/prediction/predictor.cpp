#include "pix2vox/prediction/predictor.h"

#include <algorithm>

#include "pix2vox/data/open_dataset.h"
#include "pix2vox/weights/weights.h"

namespace voxgrad {

namespace {

Framing framing_of(const Config& config, const PredictorOptions& options) {
  Framing framing{.transform = transform_options(config), .squeeze = options.squeeze};
  int& min_alpha = framing.transform.min_alpha;
  min_alpha = options.min_alpha.value_or(min_alpha > 0 ? min_alpha : default_min_alpha);
  check_transform_options(framing.transform);
  return framing;
}

/// f32 [V,size,size,3].
Tensor network_input(const std::vector<Image>& views, const Framing& framing) {
  check(!views.empty(), "[predict] needs at least one picture");
  const std::int64_t size = framing.transform.size, n_views = std::int64_t(views.size());
  Tensor input({n_views, size, size, 3});
  for (std::int64_t v = 0; v < n_views; ++v) {
    const FramedPicture framed = frame_picture(views[std::size_t(v)], framing);
    transform_view(framed.picture, {}, no_augmentation(1, framed.transform), 0, framed.transform,
                   input.slice(v, v + 1).data<float>());
  }
  return input;
}

}  // namespace

Predictor::Predictor(const std::filesystem::path& weights, Device device,
                     const PredictorOptions& options)
    : Predictor(load_weights(weights).checkpoint, device, options) {}

Predictor::Predictor(const Checkpoint& checkpoint, Device device, const PredictorOptions& options)
    : config_(checkpoint.config),
      threshold_(checkpoint.threshold),
      category_thresholds_(checkpoint.category_thresholds),
      framing_(framing_of(checkpoint.config, options)),
      model_(std::make_unique<Pix2Vox>(config_.model)) {
  model_->load_state(checkpoint.model);
  model_->fold_for_inference();
  model_->to(device);
  model_->set_precision(options.precision);
  forward_ = std::make_unique<CapturedForward>(*model_);
}

Predictor::Result Predictor::predict(const std::vector<Image>& views) {
  const Tensor images = network_input(views, framing_);
  const Prediction& prediction = (*forward_)(images, std::int64_t(views.size()));
  Result result;
  result.probabilities = VoxelGrid(int(config_.model.n_vox));
  const Tensor volume = prediction.volume().value().to(Device::cpu());
  std::copy_n(volume.data<float>(), volume.numel(), result.probabilities.values.begin());
  const std::int64_t size = config_.model.image_size;
  for (std::int64_t v = 0; v < std::int64_t(views.size()); ++v)
    result.inputs.push_back(picture_of_input(images.slice(v, v + 1).reshape({size, size, 3})));
  return result;
}

double Predictor::threshold_of(const std::string& category) const {
  std::string known;
  for (const CategoryThreshold& c : category_thresholds_) {
    if (c.name == category || c.id == category) return c.threshold;
    known += (known.empty() ? "" : ", ") + c.name;
  }
  check<ConfigError>(!known.empty(),
                     "these weights have no thresholds by category: "
                     "pix2vox test --calibrate chooses them");
  fail<ConfigError>("no threshold of a category '", category, "': there are ", known);
}

}  // namespace voxgrad
