#include "pix2vox/network/refiner.h"

#include "autograd/functions.h"
#include "layers/conv_block.h"
#include "layers/linear.h"
#include "pix2vox/network/blocks.h"

namespace voxgrad {
namespace {

std::shared_ptr<Sequential> only(std::shared_ptr<UnaryModule> layer) {
  auto result = std::make_shared<Sequential>();
  result->add("0", std::move(layer));
  return result;
}

std::shared_ptr<Sequential> linear_relu(std::int64_t in_features, std::int64_t out_features) {
  return only(std::make_shared<Linear>(LinearOptions{
      .in_features = in_features, .out_features = out_features, .activation = Activation::relu()}));
}

}  // namespace

Refiner::Refiner(const ModelConfig& config) {
  const std::vector<std::int64_t>& channels = config.refiner_channels;
  const std::size_t levels = channels.size();
  int number = 0;
  const auto add_layer = [&](std::shared_ptr<UnaryModule> layer) {
    return register_module("layer" + std::to_string(++number), std::move(layer));
  };
  for (std::size_t i = 0; i < levels; ++i) {
    const ConvLayerOptions convolution{.in_channels = i == 0 ? 1 : channels[i - 1],
                                       .out_channels = channels[i],
                                       .kernel_size = each_axis(4),
                                       .padding = each_axis(2)};
    const ConvBlockOptions options{.activation = Activation::leaky_relu(0.2), .pool = 2};
    down_.push_back(
        add_layer(std::make_shared<ConvBlock>(std::make_shared<Conv3d>(convolution), options)));
  }
  const std::int64_t bottom = channels.back() * 4 * 4 * 4;
  squeeze_ = add_layer(linear_relu(bottom, config.refiner_hidden));
  expand_ = add_layer(linear_relu(config.refiner_hidden, bottom));
  for (std::size_t i = levels - 1; i > 0; --i)
    up_.push_back(
        add_layer(std::make_shared<ConvBlock>(upsample2x(channels[i], channels[i - 1]),
                                              ConvBlockOptions{.activation = Activation::relu()})));
  up_.push_back(add_layer(only(upsample2x(channels[0], 1, Activation::sigmoid()))));
}

Variable Refiner::forward(const Variable& volume, DType maps_dtype) {
  const Shape& shape = volume.shape();
  const std::size_t levels = down_.size();
  const Variable top = reshape(volume, {shape[0], shape[1], shape[2], shape[3], 1});
  std::vector<Variable> maps{cast(top, maps_dtype)};
  for (const auto& layer : down_) maps.push_back((*layer)(maps.back()));

  const Variable flat = permute(maps.back(), channels_first_3d);
  Variable bottom = reshape(flat, {shape[0], flat.shape().numel() / shape[0]});
  bottom = (*expand_)((*squeeze_)(bottom));
  Variable x = permute(reshape(bottom, flat.shape()), channels_last_3d);

  for (std::size_t i = 0; i < levels; ++i) x = (*up_[i])(add(maps[levels - i], x));
  return reshape(affine(add(top, x), 0.5), shape);
}

}  // namespace voxgrad
