#include "pix2vox/network/summary.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "layers/conv.h"
#include "layers/linear.h"
#include "layers/norm.h"
#include "layers/pool.h"
#include "layers/residual_block.h"
#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

std::string kernel_name(const ConvLayer& layer) {
  const Triple& kernel = layer.options().kernel_size;
  const char* transposed = layer.transposed() ? "Transpose" : "";
  if (layer.spatial_rank() == 2) {
    const std::int64_t stride = layer.options().stride[1];
    return fmt::format("Conv{}2d {}x{}{}", transposed, kernel[1], kernel[2],
                       stride == 1 ? "" : fmt::format(", stride {}", stride));
  }
  return fmt::format("Conv{}3d {}x{}x{}", transposed, kernel[0], kernel[1], kernel[2]);
}

Shape without_batch(const Shape& shape) {
  return Shape(shape.extents().subspan(1));
}

// Follows a map of batch 1 through layers that are registered in the order in which they run.
class Walker {
 public:
  Walker(std::string part, Shape input, std::vector<LayerSummary>& layers)
      : part_(std::move(part)), map_(input), layers_(layers) {}

  void visit(const std::string& name, const Module& module) {
    LayerSummary row;
    if (const auto* conv = dynamic_cast<const ConvLayer*>(&module)) {
      row = convolution(*conv);
    } else if (const auto* linear = dynamic_cast<const Linear*>(&module)) {
      row = fully_connected(*linear);
    } else if (const auto* pool = dynamic_cast<const MaxPool*>(&module)) {
      const auto [side, stride, padding] = pool->options();
      map_ = pool->geometry(map_).output_shape();
      row.kind = fmt::format("MaxPool {}, stride {}", side, stride);
    } else if (dynamic_cast<const ResidualBlock*>(&module) != nullptr) {
      block_input_ = map_;
      return;
    } else if (module.name() == "downsample") {  // the shortcut, after the block's other layers
      map_ = block_input_;
      return;
    } else if (const auto* norm = dynamic_cast<const BatchNorm*>(&module)) {
      row.kind = "BatchNorm";
      if (const std::int64_t side = norm->options().pool; side > 1) {
        const Triple kernel{side, side, side};
        map_ = PoolGeometry::make("summary", map_, kernel, kernel).output_shape();
        row.kind += fmt::format(", MaxPool {}", side);
      }
    } else {
      return;
    }
    row.name = part_ + "." + name;
    row.output = without_batch(map_);
    for (const auto& parameter : module.parameters())
      row.parameters += parameter.variable.value().numel();
    layers_.push_back(row);
  }

 private:
  LayerSummary convolution(const ConvLayer& layer) {
    // After linear layers the features are a map again.
    if (map_.rank() == 2) map_ = last_map_;
    // What is read may be several maps of the same size side by side.
    std::vector<std::int64_t> extents(map_.begin(), map_.end());
    extents.back() = layer.options().in_channels;
    map_ = Shape{std::span<const std::int64_t>(extents)};
    const ConvOptions options{layer.options().stride, layer.options().padding};
    const Shape& weight = layer.weight.shape();
    const ConvGeometry geometry = layer.transposed()
                                      ? ConvGeometry::transposed("summary", map_, weight, options)
                                      : ConvGeometry::convolution("summary", map_, weight, options);
    map_ = layer.transposed() ? geometry.input_shape() : geometry.output_shape();
    return {.kind = kernel_name(layer),
            .multiply_adds = geometry.multiply_adds(),
            .geometry = geometry,
            .transposed = layer.transposed()};
  }

  LayerSummary fully_connected(const Linear& layer) {
    if (map_.rank() != 2) {
      last_map_ = map_;
      map_ = {1, map_.numel()};
    }
    const ConvGeometry geometry = ConvGeometry::linear("summary", map_, layer.weight.shape());
    map_ = geometry.output_shape();
    return {.kind = "Linear", .multiply_adds = geometry.multiply_adds(), .geometry = geometry};
  }

  std::string part_;
  Shape map_, last_map_, block_input_;
  std::vector<LayerSummary>& layers_;
};

Shape input_of(const std::string& part, const ModelConfig& config) {
  const std::int64_t n = config.n_vox;
  if (part == "encoder") return {1, config.image_size, config.image_size, 3};
  if (part == "decoder") return {1, 2, 2, 2, config.decoder_in_channels()};
  if (part == "merger") return {1, n, n, n, config.decoder_channels.back() + 1};
  return {1, n, n, n, 1};
}

std::string extents(const Shape& shape) {
  return fmt::format("{}", fmt::join(shape.begin(), shape.end(), " x "));
}

// 1234567 -> "1,234,567".
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (int i = int(digits.size()) - 3; i > 0; i -= 3) digits.insert(std::size_t(i), ",");
  return digits;
}

}  // namespace

ModelSummary summarize(Pix2Vox& model) {
  ModelSummary summary;
  summary.full_name = model.config().full_name();
  summary.variant = model.config().variant;
  for (const std::string& part : model.part_names()) {
    Walker walker(part, input_of(part, model.config()), summary.layers);
    model.part(part).visit(
        [&](const std::string& name, Module& module) { walker.visit(name, module); });
  }
  const LayerSummary all = summary.total("");
  summary.parameters = all.parameters;
  summary.multiply_adds = all.multiply_adds;
  return summary;
}

LayerAlgorithms algorithms_of(const LayerSummary& layer, std::int64_t batch, Precision precision,
                              Device device) {
  if (!layer.geometry) return {};
  const ConvOps& ops = backend(device).conv;
  const DType maps = precision == Precision::bf16 ? DType::bf16 : DType::f32;
  ConvProblem problem{ConvDirection::forward, *layer.geometry, maps, maps};
  problem.geometry.batch = batch;
  problem.geometry.precision = precision;
  const auto name = [&](ConvDirection direction, bool packed) {
    problem.direction = direction;
    problem.result = direction == ConvDirection::backward_weight ? DType::f32 : maps;
    return std::string(ops.table().choose(problem, packed).name);
  };
  auto forward = ConvDirection::forward, backward = ConvDirection::backward_data;
  if (layer.transposed) std::swap(forward, backward);
  return {name(forward, true), name(forward, false), name(backward, false),
          name(ConvDirection::backward_weight, false)};
}

LayerSummary ModelSummary::total(const std::string& prefix) const {
  LayerSummary sum;
  sum.name = prefix;
  for (const LayerSummary& layer : layers)
    if (layer.name.starts_with(prefix)) {
      sum.output = layer.output;
      sum.parameters += layer.parameters;
      sum.multiply_adds += layer.multiply_adds;
    }
  return sum;
}

std::string ModelSummary::to_text() const {
  std::string text = fmt::format("{}: one picture, multiply-adds of a forward pass\n\n", full_name);
  const auto line = [&](const std::string& name, const std::string& kind, const std::string& output,
                        const std::string& weights, const std::string& work,
                        const std::string& algorithm = "") {
    text += fmt::format("{:<32}{:<24}{:<22}{:>14}{:>18}", name, kind, output, weights, work);
    text += algorithm.empty() ? "\n" : "  " + algorithm + "\n";
  };
  const auto total_line = [&](const std::string& name, const LayerSummary& sum) {
    line(name, "", "", grouped(sum.parameters), grouped(sum.multiply_adds));
  };
  line("layer", "kind", "output", "parameters", "multiply-adds", "algorithm");
  std::vector<std::string> parts;
  for (const LayerSummary& layer : layers) {
    line(layer.name, layer.kind, extents(layer.output), grouped(layer.parameters),
         grouped(layer.multiply_adds),
         algorithms_of(layer, 1, Precision::f32, Device::cpu()).inference);
    const std::string part = layer.name.substr(0, layer.name.find('.'));
    if (parts.empty() || parts.back() != part) parts.push_back(part);
  }
  text += '\n';
  for (const std::string& part : parts) total_line(part, total(part + "."));
  total_line("total", total(""));
  return text;
}

std::string ModelSummary::to_json() const {
  nlohmann::ordered_json json;
  json["variant"] = variant;
  json["parameters"] = parameters;
  json["multiply_adds"] = multiply_adds;
  json["layers"] = nlohmann::ordered_json::array();
  for (const LayerSummary& layer : layers)
    json["layers"].push_back({{"name", layer.name},
                              {"kind", layer.kind},
                              {"output", std::vector(layer.output.begin(), layer.output.end())},
                              {"parameters", layer.parameters},
                              {"multiply_adds", layer.multiply_adds}});
  return json.dump(2);
}

}  // namespace voxgrad
