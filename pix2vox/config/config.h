// Configuration: what a model is made of, and how it is trained and tested. Four sections, model,
// data, train and test; keys are written a.b.c ("train.learning_rate.encoder"). A value comes from,
// the last one winning: the default, the YAML file, `--set key=value`, a command-line flag.
//
// Files are read strictly: unknown and repeated keys, aliases, tags, values of the wrong type or
// out of range are ConfigErrors that name file and line, key, value and what was expected. Files
// over 256 KiB and nesting over 8 levels are refused before anything is built from them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "datasets/transforms/options.h"
#include "tensor/error.h"

namespace voxgrad {

/// The architecture. `variant` and `n_vox` choose the defaults of all sizes after them
/// (default_model below); any size may then be given by itself.
struct ModelConfig {
  /// Pix2Vox-A and -F and Pix2Vox++/A and /F as published, or small pictures and trunk.
  std::string variant = "A";  // A, F, ++A, ++F or mini
  std::int64_t n_vox = 32;    // side of the volume: a power of two, 8..128
  std::int64_t image_size = 224;
  /// A, F, mini: 4, of VGG's blocks (2, 2, 3, 1 convs). ++: 3, of ResNet's first convolution and of
  /// the 3x3 convolutions in layer1 and layer2.
  std::vector<std::int64_t> trunk_channels;
  std::vector<std::int64_t> encoder_channels;      // 3: of the layers after the trunk
  std::vector<std::int64_t> encoder_kernel_sizes;  // 3
  std::int64_t encoder_pool = 1;  // max pooling after the second of them; ++: and after the third
  std::vector<std::int64_t> decoder_channels;  // one per upsampling stage, from side 2 to n_vox
  /// Of the hidden layers; a last one gives 1. ++: the last of these reads all before it.
  std::vector<std::int64_t> merger_channels;
  std::vector<std::int64_t> refiner_channels;  // one per downsampling stage, from n_vox to side 4
  std::int64_t refiner_hidden = 2048;
  bool use_merger = true;           // false: views are averaged
  bool use_refiner = true;          // false: the merged volume is the result
  std::string vgg_init = "random";  // or a weights file
  bool freeze_vgg = true;           // no gradient for the trunk; its batch norms stay live
  /// With one view the merger changes no volume and learns nothing. true: it is run in training all
  /// the same, as published, so that its batch norms track the data; false: it is left out.
  bool track_merger = true;

  /// Pix2Vox++: a ResNet trunk, padding and ReLU in the layers after it, another merger.
  bool is_plus_plus() const { return variant.starts_with("++"); }
  /// Pix2Vox++/A: the trunk is ResNet-50, not ResNet-18.
  bool has_bottlenecks() const { return variant == "++A"; }
  /// "Pix2Vox-A", "Pix2Vox++/F".
  std::string full_name() const;
  std::int64_t trunk_out_channels() const;
  /// Of the layer i = 0, 1, 2 after the trunk.
  std::int64_t encoder_padding(std::size_t i) const;
  std::int64_t encoder_pool_after(std::size_t i) const;

  /// Edge of the square feature map that the encoder gives.
  std::int64_t feature_side() const;
  /// Channels of the 2x2x2 volume that the feature map is viewed as.
  std::int64_t decoder_in_channels() const;
  /// ConfigError if the sizes do not fit together.
  void check() const;
  /// True if both describe the same tensors (how they are initialised and trained does not matter).
  bool same_architecture(const ModelConfig& other) const;
  bool operator==(const ModelConfig&) const = default;
};

/// The sizes of a variant: the published ones at n_vox 32, with levels added or dropped otherwise.
ModelConfig default_model(const std::string& variant, std::int64_t n_vox = 32);

struct DataConfig {
  std::string kind = "shapenet";  // what `root` holds (datasets/open.h)
  std::string root;               // folder of the data set
  std::string taxonomy;           // JSON with the split; empty: the one in `root`
  /// More data sets, each with a dataset.json of its own, whose training splits are shown besides,
  /// and how often an epoch shows each of their objects; no weights: once.
  std::vector<std::string> mix{};
  std::vector<double> mix_weights{};
  std::int64_t n_vox = 32;       // of volumes that have to be made: model.n_vox, no key of its own
  std::int64_t cache_mb = 2048;  // decoded pictures kept in memory
  std::int64_t loader_threads = 2;
  bool masks = false;    // cut objects out by the set's masks
  bool lenient = false;  // read files that viewers open although they are damaged
  double skip_bad = 0;   // percent of unreadable samples to replace; 0: stop at the first
  /// data.crop_size, data.background, data.min_alpha and all of data.augmentation; `size` is
  /// model.image_size.
  TransformOptions transform;
  /// n_vox, which follows from the model, does not count.
  bool operator==(const DataConfig& other) const {
    const auto keys = [](const DataConfig& data) {
      return std::tie(data.kind, data.root, data.taxonomy, data.mix, data.mix_weights,
                      data.cache_mb, data.loader_threads, data.masks, data.lenient, data.skip_bad,
                      data.transform);
    };
    return keys(*this) == keys(other);
  }
};

/// One number per part of the network.
struct LearningRates {
  double encoder = 1e-3, decoder = 1e-3, merger = 1e-4, refiner = 1e-3;
  double of(const std::string& part) const;
  bool operator==(const LearningRates&) const = default;
};

struct TrainConfig {
  std::int64_t epochs = 250;
  std::string precision = "f32";  // of products: f32, tf32 (CUDA) or bf16
  std::int64_t batch_size = 64;   // a last partial batch is dropped
  std::int64_t accumulate = 1;    // parts of a batch, computed one after the other
  std::int64_t n_views = 1;
  bool random_n_views = false;     // 1..n_views, drawn for each epoch
  std::string optimizer = "adam";  // adam or sgd
  std::vector<double> betas{0.9, 0.999};
  double momentum = 0.9;     // of sgd
  double weight_decay = 0;   // decoupled; of weights alone, not of biases and norms
  std::string loss = "bce";  // bce, bce+dice or focal (pix2vox/training/objective.h)
  double dice_weight = 1;
  double focal_gamma = 2;
  LearningRates learning_rate;
  std::string schedule = "step";              // step: milestones and gamma; cosine: to final_factor
  std::vector<std::int64_t> milestones{150};  // epochs after which rates are multiplied by gamma
  double gamma = 0.5;
  double final_factor = 0;          // of the rates at the end of a cosine
  double warmup_epochs = 0;         // over which rates rise linearly from 0
  double ema = 0;                   // decay of the moving average of the weights; 0: none
  std::int64_t validate_every = 1;  // epochs; the last one is always validated
  std::int64_t patience = 0;        // epochs without a better validation before stopping; 0: none
  std::int64_t save_every = 10;     // epochs between numbered checkpoints; 0: only last and best
  std::uint64_t seed = 0;
  std::vector<std::string> freeze;  // parts without gradient: encoder, decoder, merger, refiner
  std::string weights;              // start from this checkpoint
  bool weights_partial = false;     // take of it what fits
  bool operator==(const TrainConfig&) const = default;
};

struct TestConfig {
  std::string split = "test";     // train, val or test
  std::string precision = "f32";  // as train.precision
  std::int64_t batch_size = 1;
  std::int64_t n_views = 1;  // the first ones
  std::vector<double> thresholds{0.2, 0.3, 0.4, 0.5};
  bool operator==(const TestConfig&) const = default;
};

struct Config {
  ModelConfig model = default_model("A");
  DataConfig data;
  TrainConfig train;
  TestConfig test;
  bool operator==(const Config&) const = default;
};

/// What overrides the file, in rising precedence.
struct ConfigOverrides {
  std::vector<std::string> set;  // "key=value", the value written as in YAML
  struct Flag {
    std::string name, key, value;  // "--epochs", "train.epochs", "20"
  };
  std::vector<Flag> flags;
};

/// The same configuration with data.root, data.taxonomy, train.weights and model.vgg_init (where
/// they name files) as absolute paths, so that it means the same from any folder.
Config with_absolute_paths(Config config);

/// Reads a file and applies the overrides. The result has passed all checks.
Config load_config(const std::filesystem::path& file, const ConfigOverrides& overrides = {});
/// The same from text; `name` stands for the file in messages.
Config parse_config(const std::string& yaml, const std::string& name,
                    const ConfigOverrides& overrides = {});
/// All keys with their values, defaults included, in a form that parse_config() reads back equal.
std::string to_yaml(const Config& config);

/// Every key of a configuration, for documentation and comparison.
struct ConfigKey {
  std::string name, value, expects, meaning;
};
std::vector<ConfigKey> config_keys(const Config& config = {});

}  // namespace voxgrad
