#include "pix2vox/training/objective.h"

#include "autograd/functions.h"
#include "layers/loss.h"

namespace voxgrad {
namespace {

constexpr double loss_scale = 10;  // as Pix2Vox::losses()

Variable loss_of(const Variable& volume, const Tensor& truth, const TrainConfig& config) {
  if (config.loss == "focal")
    return affine(focal_loss(volume, truth, config.focal_gamma), loss_scale);
  return add(affine(binary_cross_entropy(volume, truth), loss_scale),
             affine(dice_loss(volume, truth), config.dice_weight));
}

}  // namespace

Losses training_losses(const Prediction& prediction, const Tensor& truth,
                       const TrainConfig& config) {
  Losses losses;
  if (config.loss == "bce") {
    losses = Pix2Vox::losses(prediction, truth);
  } else {
    const NameScope scope("loss");
    losses.merged = losses.total = loss_of(prediction.merged, truth, config);
    if (prediction.refined.defined()) {
      losses.refined = loss_of(prediction.refined, truth, config);
      losses.total = add(losses.merged, losses.refined);
    }
  }
  if (config.accumulate > 1) {
    const double share = 1 / double(config.accumulate);
    for (Variable* loss : {&losses.merged, &losses.refined, &losses.total})
      if (loss->defined()) *loss = affine(*loss, share);
  }
  return losses;
}

Tensor images_of_part(const Tensor& images, std::int64_t n_views, std::int64_t part,
                      std::int64_t parts) {
  if (parts == 1) return images;
  const std::int64_t objects = images.shape()[0] / n_views, size = objects / parts;
  if (n_views == 1) return images.slice(part * size, (part + 1) * size);
  Shape shape = images.shape();
  shape[0] = n_views * size;
  const Tensor result(shape, images.dtype(), images.device());
  for (std::int64_t view = 0; view < n_views; ++view) {
    const std::int64_t first = view * objects + part * size;
    result.slice(view * size, (view + 1) * size).copy_from(images.slice(first, first + size));
  }
  return result;
}

Tensor volumes_of_part(const Tensor& volumes, std::int64_t part, std::int64_t parts) {
  const std::int64_t size = volumes.shape()[0] / parts;
  return volumes.slice(part * size, (part + 1) * size);
}

}  // namespace voxgrad
