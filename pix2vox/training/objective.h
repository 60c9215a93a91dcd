// What training minimises: the sum of a loss of the merged and, with a refiner, one of the refined
// volume. train.loss chooses it:
//
//   bce        10 * mean binary cross-entropy, as published
//   bce+dice   the same + train.dice_weight * Dice loss
//   focal      10 * mean focal loss with train.focal_gamma
//
// Validation and testing always report the published one, so that runs can be compared.
#pragma once

#include "pix2vox/config/config.h"
#include "pix2vox/network/model.h"

namespace voxgrad {

/// Each divided by train.accumulate, so that those of all parts of a batch add up to a mean.
Losses training_losses(const Prediction& prediction, const Tensor& truth,
                       const TrainConfig& config);

/// One of `parts` equal parts of a batch of objects, `images` [V*B,...] with all first views first:
/// the objects from part * B / parts on.
Tensor images_of_part(const Tensor& images, std::int64_t n_views, std::int64_t part,
                      std::int64_t parts);
Tensor volumes_of_part(const Tensor& volumes, std::int64_t part, std::int64_t parts);

}  // namespace voxgrad
