#include "pix2vox/network/refiner.h"

#include "autograd/functions.h"
#include "layers/linear.h"
#include "pix2vox/network/blocks.h"

namespace voxgrad {
namespace {

std::string layer_name(std::size_t number) {
  return "layer" + std::to_string(number);
}

std::shared_ptr<Sequential> linear_relu(std::int64_t in_features, std::int64_t out_features) {
  auto layer = std::make_shared<Sequential>();
  layer->add("0", std::make_shared<Linear>(LinearOptions{.in_features = in_features,
                                                         .out_features = out_features,
                                                         .activation = Activation::relu()}));
  return layer;
}

}  // namespace

Refiner::Refiner(const ModelConfig& config) {
  const std::vector<std::int64_t>& channels = config.refiner_channels;
  const std::size_t levels = channels.size();
  for (std::size_t i = 0; i < levels; ++i) {
    const auto options = ConvLayerOptions::cube(i == 0 ? 1 : channels[i - 1], channels[i], 4, 1, 2);
    down_.push_back(register_module(layer_name(i + 1), normalized(std::make_shared<Conv3d>(options),
                                                                  Activation::leaky_relu(0.2), 2)));
  }
  const std::int64_t bottom = channels.back() * 4 * 4 * 4;
  squeeze_ = register_module(layer_name(levels + 1), linear_relu(bottom, config.refiner_hidden));
  expand_ = register_module(layer_name(levels + 2), linear_relu(config.refiner_hidden, bottom));
  for (std::size_t i = levels; i-- > 0;) {
    auto layer = std::make_shared<Sequential>();
    if (i > 0)
      layer = normalized(doubling(channels[i], channels[i - 1]), Activation::relu());
    else
      layer->add("0", doubling(channels[0], 1, Activation::sigmoid()));
    up_.push_back(register_module(layer_name(levels + 3 + up_.size()), layer));
  }
}

Variable Refiner::forward(const Variable& volume, DType maps_dtype) {
  const Shape& shape = volume.shape();
  const std::size_t levels = down_.size();
  const Variable top = reshape(volume, {shape[0], shape[1], shape[2], shape[3], 1});
  std::vector<Variable> maps{cast(top, maps_dtype)};
  for (std::size_t i = 0; i < levels; ++i)
    maps.push_back((*down_[i])(layer_name(i + 1), maps.back()));

  const Variable flat = permute(maps.back(), channels_first_3d);
  Variable bottom = reshape(flat, {shape[0], flat.shape().numel() / shape[0]});
  bottom = (*squeeze_)(layer_name(levels + 1), bottom);
  bottom = (*expand_)(layer_name(levels + 2), bottom);
  Variable x = permute(reshape(bottom, flat.shape()), channels_last_3d);

  for (std::size_t i = 0; i < levels; ++i) {
    x = add(maps[levels - i], x);
    x = (*up_[i])(layer_name(levels + 3 + i), x);
  }
  return reshape(affine(add(top, x), 0.5), shape);
}

}  // namespace voxgrad
