#include "pix2vox/config/config.h"

#include <bit>

namespace voxgrad {
namespace {

// `known`, cut or continued with its last entry to `count` entries.
std::vector<std::int64_t> fit(std::vector<std::int64_t> known, std::size_t count) {
  known.resize(count, known.back());
  return known;
}

void check_length(const char* key, const std::vector<std::int64_t>& list, std::size_t expected,
                  std::int64_t n_vox) {
  check<ConfigError>(list.size() == expected, key, " expects ", expected,
                     " entries for model.n_vox ", n_vox, ", got ", list.size());
}

std::size_t doublings(std::int64_t from, std::int64_t to) {
  return std::size_t(std::countr_zero(std::uint64_t(to / from)));
}

}  // namespace

ModelConfig default_model(const std::string& variant, std::int64_t n_vox) {
  check<ConfigError>(variant == "A" || variant == "F" || variant == "mini",
                     "model.variant expects A, F or mini, got \"", variant, '"');
  check<ConfigError>(n_vox >= 8 && n_vox <= 128 && std::has_single_bit(std::uint64_t(n_vox)),
                     "model.n_vox expects a power of two from 8 to 128, got ", n_vox);
  ModelConfig model;
  model.variant = variant;
  model.n_vox = n_vox;
  model.merger_channels = {16, 8, 4, 2};
  model.refiner_channels = fit({32, 64, 128}, doublings(4, n_vox));
  model.refiner_hidden = 2048;
  std::vector<std::int64_t> decoder;
  if (variant == "A") {
    model.trunk_channels = {64, 128, 256, 512};
    model.encoder_channels = {512, 512, 256};
    model.encoder_kernel_sizes = {3, 3, 1};
    model.encoder_pool = 3;
    decoder = {512, 128, 32, 8};
  } else if (variant == "F") {
    model.trunk_channels = {64, 128, 256, 512};
    model.encoder_channels = {512, 256, 128};
    model.encoder_kernel_sizes = {1, 3, 3};
    model.encoder_pool = 4;
    model.use_refiner = false;
    decoder = {128, 64, 32, 8};
  } else {
    model.image_size = 64;
    model.trunk_channels = {16, 32, 64, 128};
    model.encoder_channels = {128, 64, 64};
    model.encoder_kernel_sizes = {1, 3, 3};
    model.encoder_pool = 1;
    model.merger_channels = {4, 4, 2, 2};
    model.use_merger = false;
    model.use_refiner = false;
    model.freeze_vgg = false;
    decoder = {64, 32, 16, 8};
  }
  model.decoder_channels = fit(decoder, doublings(2, n_vox));
  model.decoder_channels.back() = decoder.back();
  return model;
}

std::int64_t ModelConfig::feature_edge() const {
  const std::int64_t trunk = image_size / 2 / 2 / 2;
  const std::int64_t first = trunk - (encoder_kernel_sizes[0] - 1);
  const std::int64_t second = (first - (encoder_kernel_sizes[1] - 1)) / encoder_pool;
  return second - (encoder_kernel_sizes[2] - 1);
}

std::int64_t ModelConfig::decoder_in_channels() const {
  return encoder_channels[2] * feature_edge() * feature_edge() / 8;
}

void ModelConfig::check() const {
  using voxgrad::check;
  default_model(variant, n_vox);
  const auto check_three = [](const char* key, std::size_t length, std::size_t expected) {
    check<ConfigError>(length == expected, key, " expects ", expected, " entries, got ", length);
  };
  check_three("model.trunk_channels", trunk_channels.size(), 4);
  check_three("model.encoder_channels", encoder_channels.size(), 3);
  check_three("model.encoder_kernel_sizes", encoder_kernel_sizes.size(), 3);
  check_length("model.decoder_channels", decoder_channels, doublings(2, n_vox), n_vox);
  if (use_refiner)
    check_length("model.refiner_channels", refiner_channels, doublings(4, n_vox), n_vox);
  const std::int64_t edge = feature_edge();
  check<ConfigError>(edge >= 1, "model.image_size ", image_size,
                     " is too small: nothing is left after the encoder's kernels and pooling; "
                     "enlarge it, or reduce model.encoder_pool");
  check<ConfigError>(encoder_channels[2] * edge * edge % 8 == 0,
                     "model.encoder_channels: the feature map of ", encoder_channels[2], " x ",
                     edge, " x ", edge,
                     " cannot be viewed as a volume of edge 2 (needs a multiple "
                     "of 8): change the last channel count");
}

bool ModelConfig::same_architecture(const ModelConfig& other) const {
  ModelConfig same_start = other;
  same_start.vgg_init = vgg_init;
  same_start.freeze_vgg = freeze_vgg;
  return *this == same_start;
}

Config with_absolute_paths(Config config) {
  for (std::string* path :
       {&config.data.root, &config.data.taxonomy, &config.train.weights, &config.model.vgg_init}) {
    if (path->empty() || (path == &config.model.vgg_init && *path == "random")) continue;
    std::error_code error;
    const std::filesystem::path absolute = std::filesystem::absolute(*path, error);
    if (!error) *path = absolute.lexically_normal().string();
  }
  return config;
}

double LearningRates::of(const std::string& part) const {
  if (part == "encoder") return encoder;
  if (part == "decoder") return decoder;
  if (part == "merger") return merger;
  if (part == "refiner") return refiner;
  fail<ConfigError>("no part \"", part, "\": parts are encoder, decoder, merger, refiner");
}

}  // namespace voxgrad
