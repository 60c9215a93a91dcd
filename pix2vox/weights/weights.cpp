#include "pix2vox/weights/weights.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "io/foreign_weights.h"
#include "pix2vox/network/model.h"
#include "pix2vox/network/trunk.h"
#include "tensor/ops/backend.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

constexpr std::array parts{"encoder", "decoder", "merger", "refiner"};
const std::string suffix = "_state_dict";

/// PyTorch's [C0,C1,k..] to ours, [C0,k..,C1], or back. Other ranks stay.
Tensor move_channels(const Tensor& tensor, bool to_last) {
  const int rank = tensor.shape().rank();
  if (rank < 4) return tensor;
  std::vector<int> dims{0};
  if (!to_last) dims.push_back(rank - 1);
  for (int d = to_last ? 2 : 1; d < (to_last ? rank : rank - 1); ++d) dims.push_back(d);
  if (to_last) dims.push_back(1);
  Permutation order{};
  std::ranges::copy(dims, order.begin());
  std::vector<std::int64_t> extents;
  for (const int d : dims) extents.push_back(tensor.shape()[d]);
  const Tensor result(Shape{std::span<const std::int64_t>(extents)}, tensor.dtype());
  backend(Device::cpu()).layout.permute(tensor, order, result);
  return result;
}

bool strip(std::string& name, const std::string& prefix) {
  if (!name.starts_with(prefix)) return false;
  name.erase(0, prefix.size());
  return true;
}

/// Names as ours: without what wraps a whole dictionary, "encoder_state_dict." as "encoder.", and
/// without "module." where all names of a part have it.
void rename_published(std::vector<NamedTensor>& tensors) {
  for (const char* wrapper : {"state_dict.", "model_state_dict.", "model."}) {
    const auto wrapped = [&](const NamedTensor& t) { return t.name.starts_with(wrapper); };
    if (std::ranges::all_of(tensors, wrapped))
      for (NamedTensor& tensor : tensors) strip(tensor.name, wrapper);
  }
  for (const char* part : parts)
    for (NamedTensor& tensor : tensors)
      if (strip(tensor.name, part + suffix + ".")) tensor.name.insert(0, std::string(part) + ".");
  const auto all_have = [&](const std::string& prefix, const std::string& module) {
    bool any = false;
    for (const NamedTensor& tensor : tensors) {
      if (!tensor.name.starts_with(prefix)) continue;
      if (!tensor.name.starts_with(prefix + module)) return false;
      any = true;
    }
    return any;
  };
  const std::string module = "module.";
  for (std::string prefix : {std::string(), std::string("encoder."), std::string("decoder."),
                             std::string("merger."), std::string("refiner.")})
    if (all_have(prefix, module))
      for (NamedTensor& tensor : tensors)
        if (tensor.name.starts_with(prefix)) tensor.name.erase(prefix.size(), module.size());
}

/// Counters that PyTorch before 0.4.1 did not have start at 0, and have one element here.
void complete_counters(std::vector<NamedTensor>& tensors, std::vector<std::string>& notes) {
  std::set<std::string> names;
  for (const NamedTensor& tensor : tensors) names.insert(tensor.name);
  std::vector<NamedTensor> result;
  int added = 0;
  const std::string variance = "running_var", counter = "num_batches_tracked";
  for (NamedTensor& tensor : tensors) {
    if (tensor.name.ends_with(counter)) tensor.tensor = tensor.tensor.reshape({1});
    result.push_back(tensor);
    if (!tensor.name.ends_with(variance)) continue;
    const std::string name = tensor.name.substr(0, tensor.name.size() - variance.size()) + counter;
    if (names.contains(name)) continue;
    result.push_back({name, Tensor::zeros({1}, DType::i64)});
    ++added;
  }
  if (added > 0) notes.push_back(concat(added, " counters of batches are not in the file: 0"));
  tensors = std::move(result);
}

void check_finite(const std::string& file, const std::vector<NamedTensor>& tensors) {
  std::string names;
  std::int64_t bad = 0;
  for (const auto& [name, tensor] : tensors) {
    if (tensor.dtype() == DType::u8 || tensor.dtype() == DType::i64) continue;
    const std::vector<float> values = tensor.to(DType::f32).to_vector<float>();
    const auto count = std::ranges::count_if(values, [](float v) { return !std::isfinite(v); });
    if (count == 0) continue;
    bad += count;
    names += (names.empty() ? "" : ", ") + name;
  }
  check(bad == 0, file, ": ", bad, " values are NaN or infinite, in ", names);
}

using Shapes = std::map<std::string, Shape>;

std::int64_t extent(const Shapes& shapes, const std::string& name, int dim) {
  const auto found = shapes.find(name);
  return found == shapes.end() || found->second.rank() <= dim ? 0 : found->second[dim];
}

/// First dimensions of prefix1suffix, prefix2suffix, ... as long as there are such tensors.
std::vector<std::int64_t> channels(const Shapes& shapes, const std::string& prefix, int dim) {
  std::vector<std::int64_t> result;
  for (int i = 1;; ++i) {
    const std::int64_t c = extent(shapes, concat(prefix, i, ".0.weight"), dim);
    if (c == 0) return result;
    result.push_back(c);
  }
}

bool has_part(const Shapes& shapes, const std::string& prefix) {
  const auto first = shapes.lower_bound(prefix);
  return first != shapes.end() && first->first.starts_with(prefix);
}

/// Whether the trunk is of the variant's kind; its first convolution tells those of one kind apart.
bool has_trunk(const Shapes& shapes, const ModelConfig& config) {
  const std::string first = concat("encoder.", trunk_name(config), ".0.weight");
  if (config.trunk_channels[0] != extent(shapes, first, 0)) return false;
  return !config.is_plus_plus() ||
         config.has_bottlenecks() == shapes.contains("encoder.resnet.4.0.conv3.weight");
}

/// Strict: every tensor of the network, and no other, each with its shape.
void check_complete(const std::string& file, const ModelConfig& config, const Shapes& shapes) {
  Pix2Vox model(config);
  std::string problems;
  std::set<std::string> expected;
  for (const auto& [name, tensor] : model.state()) {
    expected.insert(name);
    const auto found = shapes.find(name);
    if (found == shapes.end())
      problems += "\n  missing: " + name;
    else if (!(found->second == tensor.shape()))
      problems +=
          concat("\n  another shape: ", name, " is ", found->second, ", expected ", tensor.shape());
  }
  for (const auto& [name, shape] : shapes)
    if (!expected.contains(name)) problems += "\n  extra: " + name;
  check(problems.empty(), file, " does not hold a network of variant ", config.variant, ":",
        problems);
}

}  // namespace

ModelConfig recognize_network(const std::string& file, const std::vector<NamedTensor>& tensors) {
  Shapes shapes;
  for (const auto& [name, tensor] : tensors) shapes.emplace(name, tensor.shape());
  check(shapes.contains("encoder.layer1.0.weight") && shapes.contains("decoder.layer1.0.weight"),
        file,
        ": holds no Pix2Vox: there is no encoder.layer1.0.weight and decoder.layer1.0.weight. "
        "Its first tensor is ",
        tensors.empty() ? "none" : tensors.front().name);

  const std::vector<std::int64_t> decoder = channels(shapes, "decoder.layer", 4);
  check(decoder.size() >= 3, file, ": a decoder of ", decoder.size(), " layers");
  const std::int64_t n_vox = std::int64_t{2} << (decoder.size() - 1);
  check(n_vox >= 8 && n_vox <= 128, file, ": a decoder of ", decoder.size(), " layers");
  const std::vector<std::int64_t> kernels{extent(shapes, "encoder.layer1.0.weight", 1),
                                          extent(shapes, "encoder.layer2.0.weight", 1),
                                          extent(shapes, "encoder.layer3.0.weight", 1)};
  ModelConfig config;
  bool known = false;
  for (const char* variant : {"A", "F", "++A", "++F", "mini"}) {
    config = default_model(variant, n_vox);
    known = config.encoder_kernel_sizes == kernels && has_trunk(shapes, config);
    if (known) break;
  }
  check(known, file, ": an encoder of another variant than A, F, ++A, ++F and mini");
  config.encoder_channels = channels(shapes, "encoder.layer", 0);
  config.decoder_channels.assign(decoder.begin(), decoder.end() - 1);
  config.use_merger = has_part(shapes, "merger.");
  config.use_refiner = has_part(shapes, "refiner.");
  if (config.use_merger) {
    config.merger_channels = channels(shapes, "merger.layer", 0);
    if (!config.merger_channels.empty()) config.merger_channels.pop_back();
  }
  config.check();
  check_complete(file, config, shapes);
  return config;
}

namespace {

const std::string threshold_key = "pix2vox.threshold";

/// The threshold that save_weights() kept in the metadata, if any.
std::optional<double> threshold_of(const std::string& file,
                                   const std::map<std::string, std::string>& metadata) {
  const auto found = metadata.find(threshold_key);
  if (found == metadata.end()) return std::nullopt;
  const std::string& text = found->second;
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  check(error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= 1, file,
        ": its metadata give the threshold '", text, "', expected a number from 0 to 1");
  return value;
}

/// Under our names and in our order of axes.
std::vector<NamedTensor> our_tensors(ForeignWeights foreign, std::vector<std::string>& notes) {
  notes = std::move(foreign.notes);
  rename_published(foreign.tensors);
  for (NamedTensor& tensor : foreign.tensors) tensor.tensor = move_channels(tensor.tensor, true);
  complete_counters(foreign.tensors, notes);
  return std::move(foreign.tensors);
}

}  // namespace

std::vector<NamedTensor> load_any_tensors(const fs::path& file, std::vector<std::string>& notes) {
  if (weights_format(file) == WeightsFormat::hdf5)
    return load_checkpoint(file, CheckpointPart::weights).model;
  return our_tensors(read_foreign_weights(file), notes);
}

LoadedWeights load_weights(const fs::path& file) {
  LoadedWeights result;
  if (weights_format(file) == WeightsFormat::hdf5) {
    result.checkpoint = load_checkpoint(file, CheckpointPart::weights);
    return result;
  }
  ForeignWeights foreign = read_foreign_weights(file);
  if (const auto threshold = threshold_of(file.string(), foreign.metadata))
    result.checkpoint.threshold = *threshold;
  result.checkpoint.model = our_tensors(std::move(foreign), result.notes);
  check_finite(file.string(), result.checkpoint.model);
  result.checkpoint.config.model = recognize_network(file.string(), result.checkpoint.model);
  for (NamedTensor& tensor : result.checkpoint.model)
    if (tensor.tensor.dtype() != DType::i64) tensor.tensor = tensor.tensor.to(DType::f32);
  return result;
}

PartialWeights load_fitting_weights(const fs::path& file, const ModelConfig& network) {
  PartialWeights result;
  const std::vector<NamedTensor> offered = load_any_tensors(file, result.notes);
  check_finite(file.string(), offered);
  std::map<std::string, Tensor> by_name;
  for (const auto& [name, tensor] : offered) by_name.emplace(name, tensor);
  const Pix2Vox model(network);
  for (const auto& [name, own] : model.state()) {
    ++result.wanted;
    const auto found = by_name.find(name);
    if (found == by_name.end()) {
      result.notes.push_back(concat(name, " stays as drawn: the file has no such tensor"));
      continue;
    }
    const Tensor tensor = found->second;
    by_name.erase(found);
    if (!(tensor.shape() == own.shape())) {
      result.notes.push_back(
          concat(name, " stays as drawn: it is ", own.shape(), ", in the file ", tensor.shape()));
      continue;
    }
    const bool counter = own.dtype() == DType::i64;
    result.tensors.push_back({name, counter ? tensor : tensor.to(DType::f32)});
  }
  for (const auto& [name, tensor] : by_name)
    result.notes.push_back(concat(name, " ", tensor.shape(), " of the file is not used"));
  check(!result.tensors.empty(), file.string(), ": no tensor fits a network of variant ",
        network.variant, " of ", network.n_vox, "^3 voxels. Its first is ",
        offered.empty() ? std::string("none") : offered.front().name);
  return result;
}

void save_weights(const fs::path& file, const Checkpoint& checkpoint, bool half) {
  const std::string extension = file.extension().string();
  check<ConfigError>(!half || extension == ".safetensors", file.string(),
                     ": half precision is written as .safetensors only");
  if (extension == ".h5") {
    Checkpoint weights = checkpoint;
    weights.training.reset();
    return save_checkpoint(file, weights);
  }
  const bool torch = extension == ".pth" || extension == ".pt";
  check<ConfigError>(torch || extension == ".safetensors", file.string(),
                     ": weights are written as .h5, .pth, .pt or .safetensors");
  std::vector<NamedTensor> tensors;
  for (const auto& [name, tensor] : checkpoint.model) {
    Tensor moved = move_channels(tensor.to(Device::cpu()), false);
    // A counter is a scalar in PyTorch.
    if (name.ends_with("num_batches_tracked")) moved = moved.reshape({});
    const std::size_t dot = name.find('.');
    tensors.push_back({torch ? name.substr(0, dot) + suffix + name.substr(dot) : name, moved});
  }
  if (!torch)
    return write_safetensors(
        file, tensors, {half, {{"format", "pt"}, {threshold_key, concat(checkpoint.threshold)}}});
  // The published programs read these three.
  write_torch(file, tensors, true, {{"epoch_idx", 0}, {"best_iou", -1}, {"best_epoch", -1}});
}

}  // namespace voxgrad
