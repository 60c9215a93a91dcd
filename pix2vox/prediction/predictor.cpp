#include "pix2vox/prediction/predictor.h"

#include <algorithm>
#include <cmath>

#include "datasets/transforms/crop.h"
#include "layers/fold.h"
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
  fold_for_inference(*model_);
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

namespace {

bool has_alpha(const Image& picture) {
  return picture.channels == 2 || picture.channels == 4;
}

// True where a pixel belongs to the object: by alpha if there is any transparency, else by its
// distance from the colour of the picture's corners.
class ObjectMask {
 public:
  explicit ObjectMask(const Image& picture) : picture_(picture) {
    if (has_alpha(picture)) {
      for (std::size_t i = picture.channels - 1; i < picture.pixels.size(); i += picture.channels)
        by_alpha_ = by_alpha_ || picture.pixels[i] == 0;
    }
    if (by_alpha_) return;
    const int right = picture.width - 1, bottom = picture.height - 1;
    const std::uint8_t* corners[] = {picture.at(0, 0), picture.at(right, 0), picture.at(0, bottom),
                                     picture.at(right, bottom)};
    for (int c = 0; c < colors(); ++c) {
      int low = 255, high = 0, total = 0;
      for (const std::uint8_t* corner : corners) {
        low = std::min<int>(low, corner[c]);
        high = std::max<int>(high, corner[c]);
        total += corner[c];
      }
      plain_ = plain_ && high - low <= 24;
      background_[c] = total / 4;
    }
  }

  bool separable() const { return by_alpha_ || plain_; }
  bool operator()(int x, int y) const {
    const std::uint8_t* pixel = picture_.at(x, y);
    if (by_alpha_) return pixel[picture_.channels - 1] > 0;
    int distance = 0;
    for (int c = 0; c < colors(); ++c)
      distance = std::max(distance, std::abs(pixel[c] - background_[c]));
    return distance > 24;
  }

 private:
  int colors() const { return picture_.channels < 3 ? 1 : 3; }

  const Image& picture_;
  bool by_alpha_ = false;
  bool plain_ = true;
  int background_[3] = {0, 0, 0};
};

}  // namespace

std::vector<std::string> inspect_picture(const Image& picture, int crop) {
  const ObjectMask mask(picture);
  if (!mask.separable())
    return {
        "the object cannot be told from the background: use a picture with a transparent or plain "
        "light background (the network was trained on such pictures)"};
  const CropArea window = crop_area(picture, {}, {}, crop);
  int left = picture.width, right = -1, top = picture.height, bottom = -1;
  std::int64_t pixels = 0, outside = 0;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      if (!mask(x, y)) continue;
      const bool inside = x >= window.left && x < window.left + window.width && y >= window.top &&
                          y < window.top + window.height;
      if (!inside) {
        ++outside;
        continue;
      }
      ++pixels;
      left = std::min(left, x - window.left);
      right = std::max(right, x - window.left);
      top = std::min(top, y - window.top);
      bottom = std::max(bottom, y - window.top);
    }
  }
  if (pixels == 0) return {"no object found: every pixel that the network sees is background"};

  std::vector<std::string> warnings;
  const auto percent = [](double share) {
    return std::to_string(int(std::lround(100 * share))) + "%";
  };
  if (outside * 50 > pixels + outside)
    warnings.push_back(percent(double(outside) / double(pixels + outside)) +
                       " of the object lies outside the middle " + std::to_string(crop) + "x" +
                       std::to_string(crop) +
                       " pixels and is cut off: scale the picture down to about " +
                       std::to_string(crop + crop / 14) + " pixels a side");
  const double span =
      std::max(double(right - left + 1) / window.width, double(bottom - top + 1) / window.height);
  if (span < 0.4)
    warnings.push_back("the object spans only " + percent(span) +
                       " of what the network sees: crop closer");
  const double off_x = std::abs((left + right + 1) / 2.0 / window.width - 0.5);
  const double off_y = std::abs((top + bottom + 1) / 2.0 / window.height - 0.5);
  if (std::max(off_x, off_y) > 0.15)
    warnings.push_back("the object is far from the middle: centre it");
  const int touching =
      (left == 0) + (top == 0) + (right == window.width - 1) + (bottom == window.height - 1);
  if (touching > 0 && outside == 0)
    warnings.push_back("the object touches the edge of the picture: leave a margin around it");
  return warnings;
}

std::string inspect_volume(const VoxelGrid& probabilities, double threshold) {
  const std::int64_t count = probabilities.count(threshold);
  if (count == 0)
    return concat("no voxel reaches the threshold ", threshold,
                  ": the volume is empty. The highest probability is ",
                  *std::ranges::max_element(probabilities.values), "; try a lower --threshold");
  if (count == std::int64_t(probabilities.values.size()))
    return concat("every voxel reaches the threshold ", threshold,
                  ": the volume is full; try a higher --threshold");
  return "";
}

}  // namespace voxgrad
