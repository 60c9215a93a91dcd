// Every key of the configuration, once: its place, its limits and its meaning. Reading, writing,
// suggestions and documentation all walk this list.
#pragma once

#include <limits>

#include "datasets/open.h"
#include "pix2vox/config/config.h"

namespace voxgrad {

struct ConfigField {
  const char* key;
  const char* meaning;
  double low = -std::numeric_limits<double>::infinity();  // of numbers, both included
  double high = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices{};  // if not empty: the only values
  std::size_t length = 0;              // of lists; 0: any
};

/// Calls visit(field, value) for every key, in the order in which they are written out.
template <class AnyConfig, class Visitor>
void visit_fields(AnyConfig& config, Visitor&& visit) {
  constexpr double many = 1e9;
  const std::vector<std::string> parts{"encoder", "decoder", "merger", "refiner"};
  using F = ConfigField;

  auto& model = config.model;
  visit(F{.key = "model.variant",
          .meaning = "published architecture: Pix2Vox-A or -F, Pix2Vox++/A or /F; or the small one",
          .choices = {"A", "F", "++A", "++F", "mini"}},
        model.variant);
  visit(F{.key = "model.n_vox",
          .meaning = "voxels per side of the volume",
          .choices = {"8", "16", "32", "64", "128"}},
        model.n_vox);
  visit(F{"model.image_size", "pixels per side of the square pictures that the network sees", 16,
          4096},
        model.image_size);
  visit(F{"model.trunk_channels",
          "channels of VGG's four blocks; ++: of ResNet's first convolution, layer1 and layer2", 1,
          65536},
        model.trunk_channels);
  visit(F{"model.encoder_channels", "channels of the layers after the trunk", 1, 65536, {}, 3},
        model.encoder_channels);
  visit(F{"model.encoder_kernel_sizes", "kernel sizes of the layers after the trunk", 1, 15, {}, 3},
        model.encoder_kernel_sizes);
  visit(F{"model.encoder_pool",
          "max pooling after the second of those layers, ++: and the third; 1: none", 1, 15},
        model.encoder_pool);
  visit(F{"model.decoder_channels", "one per upsampling stage, from side 2 to n_vox", 1, 65536},
        model.decoder_channels);
  visit(F{"model.merger_channels", "channels of the merger's hidden layers", 1, 65536},
        model.merger_channels);
  visit(F{"model.refiner_channels", "one per downsampling stage, from n_vox to side 4", 1, 65536},
        model.refiner_channels);
  visit(F{"model.refiner_hidden", "width of the refiner's linear layers", 1, 1 << 20},
        model.refiner_hidden);
  visit(F{"model.use_merger", "weight the views by the merger; false: average them"},
        model.use_merger);
  visit(F{"model.use_refiner", "refine the merged volume"}, model.use_refiner);
  visit(F{"model.vgg_init", "initial weights of the trunk: random, or a weights file"},
        model.vgg_init);
  visit(F{"model.freeze_vgg", "no gradient for the trunk; its batch norms still track statistics"},
        model.freeze_vgg);
  visit(F{"model.track_merger",
          "with one view, run the merger in training so that its batch norms track the data"},
        model.track_merger);

  auto& data = config.data;
  visit(F{.key = "data.kind",
          .meaning = "which data set data.root holds, in the form in which it is published",
          .choices = dataset_kinds()},
        data.kind);
  visit(F{"data.root", "folder of the data set"}, data.root);
  visit(F{"data.taxonomy", "JSON file with categories and splits; empty: the one in data.root"},
        data.taxonomy);
  visit(F{"data.mix", "more data sets, whose training splits are added"}, data.mix);
  visit(F{"data.mix_weights",
          "for each of data.mix, how often an epoch shows an object, on average; []: once", 0.001,
          100},
        data.mix_weights);
  visit(F{"data.crop_size", "centre crop where both sides are larger; 0: no crop", 0, 8192},
        data.transform.crop);
  visit(F{"data.background", "grey under transparent pixels when testing", 0, 255},
        data.transform.background);
  visit(F{"data.min_alpha",
          "pixels of less alpha (0..255) are background before resizing; 0: the published order", 0,
          255},
        data.transform.min_alpha);
  visit(F{"data.masks", "cut objects out of pix3d's pictures by their masks"}, data.masks);
  visit(F{"data.lenient", "read damaged pictures whose pixels are all there, as viewers do"},
        data.lenient);
  visit(F{"data.cache_mb", "MiB of decoded pictures kept in memory", 0, many}, data.cache_mb);
  visit(F{"data.loader_threads", "threads that prepare batches", 1, 256}, data.loader_threads);
  visit(
      F{"data.skip_bad", "percent of unreadable objects to replace; 0: stop at the first", 0, 100},
      data.skip_bad);
  auto& augmentation = data.transform;
  visit(F{"data.augmentation.background",
          "range of the random background, drawn per channel",
          0,
          255,
          {},
          2},
        augmentation.background_range);
  visit(F{"data.augmentation.brightness", "factor drawn uniformly from 1 +- this", 0, 1},
        augmentation.brightness);
  visit(F{"data.augmentation.contrast", "factor drawn uniformly from 1 +- this", 0, 1},
        augmentation.contrast);
  visit(F{"data.augmentation.saturation", "factor drawn uniformly from 1 +- this", 0, 1},
        augmentation.saturation);
  visit(F{"data.augmentation.noise_std", "standard deviation of the colour noise", 0, 10},
        augmentation.noise_std);
  visit(F{"data.augmentation.flip", "mirror each view with probability 1/2"}, augmentation.flip);
  visit(F{"data.augmentation.permute_channels", "one random channel order per object"},
        augmentation.permute_channels);

  visit(F{.key = "data.augmentation.backdrops",
          .meaning = "kinds of background, one drawn for each picture; []: the published one",
          .choices = {"published", "plain", "gradient", "noise"}},
        augmentation.backdrops);
  visit(F{"data.augmentation.backdrop_range",
          "range of the colours of plain, gradient and noise",
          0,
          255,
          {},
          2},
        augmentation.backdrop_range);
  visit(F{"data.augmentation.hue", "hues turn by an angle drawn from +- this, degrees", 0, 180},
        augmentation.hue);
  visit(F{"data.augmentation.tint", "probability that one colour is laid over the object", 0, 1},
        augmentation.tint);
  visit(F{"data.augmentation.zoom", "the object's size is changed by up to 1 + this", 0, 1},
        augmentation.zoom);
  visit(F{"data.augmentation.shift", "its place, by up to this share of the picture", 0, 0.5},
        augmentation.shift);
  visit(F{"data.augmentation.blur", "largest standard deviation of a blur, pixels", 0, 16},
        augmentation.blur);
  visit(F{"data.augmentation.pixel_noise", "largest standard deviation of noise, of 255", 0, 128},
        augmentation.pixel_noise);
  visit(F{"data.augmentation.jpeg", "probability that a picture is compressed as JPEG", 0, 1},
        augmentation.jpeg);
  visit(F{"data.augmentation.jpeg_quality", "range of its quality", 1, 100, {}, 2},
        augmentation.jpeg_quality);

  auto& train = config.train;
  visit(F{"train.epochs", "passes over the training split", 1, many}, train.epochs);
  const std::vector<std::string> precisions{"f32", "tf32", "bf16"};
  visit(F{.key = "train.precision",
          .meaning = "type in which convolutions and linear layers multiply; tf32 needs CUDA",
          .choices = precisions},
        train.precision);
  visit(F{"train.batch_size", "batch size, in objects; a last partial batch is dropped", 2, 65536},
        train.batch_size);
  visit(F{"train.accumulate",
          "parts in which a batch is computed; batch norms take the statistics of each part", 1,
          65536},
        train.accumulate);
  visit(F{"train.n_views", "views per object", 1, 1024}, train.n_views);
  visit(F{"train.random_n_views", "draw the number of views, 1..n_views, for each epoch"},
        train.random_n_views);
  visit(F{.key = "train.optimizer", .meaning = "optimizer", .choices = {"adam", "sgd"}},
        train.optimizer);
  visit(F{"train.betas", "Adam's decay rates of the moments", 0, 0.999999999, {}, 2}, train.betas);
  visit(F{"train.momentum", "SGD's momentum", 0, 0.999999999}, train.momentum);
  visit(F{"train.weight_decay",
          "decoupled weight decay (AdamW) of weights, not of biases and batch norms", 0, 1},
        train.weight_decay);
  visit(F{.key = "train.loss",
          .meaning = "loss of each volume",
          .choices = {"bce", "bce+dice", "focal"}},
        train.loss);
  visit(F{"train.dice_weight", "factor of the Dice loss of bce+dice", 0, 1e6}, train.dice_weight);
  visit(F{"train.focal_gamma", "exponent of the focal loss", 1, 10}, train.focal_gamma);
  auto& rates = train.learning_rate;
  visit(F{"train.learning_rate.encoder", "learning rate of this part", 0, 1e6}, rates.encoder);
  visit(F{"train.learning_rate.decoder", "learning rate of this part", 0, 1e6}, rates.decoder);
  visit(F{"train.learning_rate.merger", "learning rate of this part", 0, 1e6}, rates.merger);
  visit(F{"train.learning_rate.refiner", "learning rate of this part", 0, 1e6}, rates.refiner);
  visit(F{.key = "train.schedule",
          .meaning = "of the learning rates: step (milestones, gamma) or cosine",
          .choices = {"step", "cosine"}},
        train.schedule);
  visit(F{"train.milestones", "epochs after which rates are multiplied by gamma", 1, many},
        train.milestones);
  visit(F{"train.gamma", "factor at each milestone", 0, 1}, train.gamma);
  visit(F{"train.final_factor", "factor of the rates at the end of a cosine", 0, 1},
        train.final_factor);
  visit(F{"train.warmup_epochs", "epochs over which the rates rise linearly from 0", 0, many},
        train.warmup_epochs);
  visit(
      F{"train.ema", "decay of the moving average of the weights, as 0.999; 0: none", 0, 0.9999999},
      train.ema);
  visit(F{"train.validate_every", "epochs between validations; the last one is always validated", 1,
          many},
        train.validate_every);
  visit(F{"train.patience", "epochs without a better validation before stopping; 0: none", 0, many},
        train.patience);
  visit(
      F{"train.save_every", "epochs between numbered checkpoints; 0: only last and best", 0, many},
      train.save_every);
  visit(F{"train.seed", "seed of all random numbers"}, train.seed);
  visit(F{.key = "train.freeze", .meaning = "parts that are not trained", .choices = parts},
        train.freeze);
  visit(F{"train.weights", "checkpoint to start from; empty: random weights"}, train.weights);
  visit(
      F{"train.weights_partial", "load the tensors of train.weights that fit, and list the others"},
      train.weights_partial);

  auto& test = config.test;
  visit(F{.key = "test.split", .meaning = "split to test on", .choices = {"train", "val", "test"}},
        test.split);
  visit(F{.key = "test.precision",
          .meaning = "as train.precision, for testing",
          .choices = precisions},
        test.precision);
  visit(F{"test.batch_size", "batch size, in objects", 1, 65536}, test.batch_size);
  visit(F{"test.n_views", "views per object, the first ones", 1, 1024}, test.n_views);
  visit(F{"test.thresholds", "probabilities from which a voxel counts as occupied", 0, 1},
        test.thresholds);
}

}  // namespace voxgrad
