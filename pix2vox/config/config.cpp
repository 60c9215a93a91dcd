#include "pix2vox/config/config.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

namespace voxgrad {
namespace {

constexpr std::array<std::string_view, 5> known_variants{"A", "F", "++A", "++F", "mini"};

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
  check<ConfigError>(std::ranges::find(known_variants, variant) != known_variants.end(),
                     "model.variant expects A, F, ++A, ++F or mini, got \"", variant, '"');
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
  } else if (model.is_plus_plus()) {
    const bool a = variant == "++A";
    model.trunk_channels = {64, 64, 128};
    model.encoder_channels = a ? fit({512, 256}, 3) : fit({128, 64}, 3);
    model.encoder_kernel_sizes = {3, 3, 3};
    model.encoder_pool = 2;
    model.merger_channels = {9, 9, 9, 9, 9};
    model.use_refiner = a;
    model.freeze_vgg = false;
    decoder =
        a ? std::vector<std::int64_t>{512, 128, 32, 8} : std::vector<std::int64_t>{128, 64, 32, 8};
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

std::string ModelConfig::full_name() const {
  return is_plus_plus() ? "Pix2Vox++/" + variant.substr(2) : "Pix2Vox-" + variant;
}

std::int64_t ModelConfig::trunk_out_channels() const {
  return has_bottlenecks() ? 4 * trunk_channels.back() : trunk_channels.back();
}

std::int64_t ModelConfig::encoder_padding(std::size_t i) const {
  return is_plus_plus() ? encoder_kernel_sizes[i] / 2 : 0;
}

std::int64_t ModelConfig::encoder_pool_after(std::size_t i) const {
  return i == 1 || (i == 2 && is_plus_plus()) ? encoder_pool : 1;
}

std::int64_t ModelConfig::feature_side() const {
  // VGG's pools drop what does not fill a window; ResNet's strides, padded, round up.
  std::int64_t side = image_size;
  for (int halving = 0; halving < 3; ++halving) side = is_plus_plus() ? (side + 1) / 2 : side / 2;
  for (std::size_t i = 0; i < 3; ++i)
    side = (side + 2 * encoder_padding(i) - (encoder_kernel_sizes[i] - 1)) / encoder_pool_after(i);
  return side;
}

std::int64_t ModelConfig::decoder_in_channels() const {
  return encoder_channels[2] * feature_side() * feature_side() / 8;
}

void ModelConfig::check() const {
  using voxgrad::check;
  default_model(variant, n_vox);
  const auto check_three = [](const char* key, std::size_t length, std::size_t expected) {
    check<ConfigError>(length == expected, key, " expects ", expected, " entries, got ", length);
  };
  check_three("model.trunk_channels", trunk_channels.size(), is_plus_plus() ? 3 : 4);
  check_three("model.encoder_channels", encoder_channels.size(), 3);
  check_three("model.encoder_kernel_sizes", encoder_kernel_sizes.size(), 3);
  check_length("model.decoder_channels", decoder_channels, doublings(2, n_vox), n_vox);
  if (use_refiner)
    check_length("model.refiner_channels", refiner_channels, doublings(4, n_vox), n_vox);
  check<ConfigError>(!is_plus_plus() || merger_channels.size() >= 2,
                     "model.merger_channels expects at least 2 entries for variant ", variant,
                     ": the last layer but one reads the results of those before it");
  const std::int64_t side = feature_side();
  check<ConfigError>(side >= 1, "model.image_size ", image_size,
                     " is too small: nothing is left after the encoder's kernels and pooling; "
                     "enlarge it, or reduce model.encoder_pool");
  check<ConfigError>(encoder_channels[2] * side * side % 8 == 0,
                     "model.encoder_channels: the feature map of ", encoder_channels[2], " x ",
                     side, " x ", side,
                     " cannot be viewed as a volume of side 2 (needs a multiple "
                     "of 8): change the last channel count");
}

bool ModelConfig::same_architecture(const ModelConfig& other) const {
  ModelConfig same_start = other;
  same_start.vgg_init = vgg_init;
  same_start.freeze_vgg = freeze_vgg;
  same_start.track_merger = track_merger;
  return *this == same_start;
}

Config with_absolute_paths(Config config) {
  std::vector<std::string*> paths{&config.data.root, &config.data.taxonomy, &config.train.weights,
                                  &config.model.vgg_init};
  for (std::string& path : config.data.mix) paths.push_back(&path);
  for (std::string* path : paths) {
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
