#include "pix2vox/training/sample_volumes.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "datasets/transforms/transforms.h"
#include "io/file.h"
#include "io/foreign_weights.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "epoch_", suffix = ".safetensors";

fs::path objects_file(const fs::path& folder) {
  return folder / "objects.safetensors";
}

fs::path names_file(const fs::path& folder) {
  return folder / "objects.json";
}

fs::path volumes_file(const fs::path& folder, std::int64_t epoch) {
  return folder / concat(prefix, epoch, suffix);
}

/// round(scale * value) of values from 0 to 1.
Tensor quantized(const Tensor& values, float scale) {
  Tensor result(values.shape(), DType::u8);
  const float* const from = values.data<float>();
  std::uint8_t* const to = result.data<std::uint8_t>();
  for (std::int64_t i = 0; i < values.numel(); ++i)
    to[i] = std::uint8_t(std::lround(std::clamp(from[i], 0.0f, 1.0f) * scale));
  return result;
}

Tensor tensor_of(const ForeignWeights& weights, const fs::path& file, const std::string& name) {
  const auto place = std::ranges::find(weights.tensors, name, &NamedTensor::name);
  check(place != weights.tensors.end(), file.string(), ": misses the tensor '", name, "'");
  check(place->tensor.dtype() == DType::u8 && place->tensor.shape().rank() == 4, file.string(),
        ": '", name, "' is ", place->tensor.dtype(), " ", place->tensor.shape(),
        ", expected u8 of four dimensions");
  return place->tensor;
}

bool is_cubes(const Shape& shape) {
  return shape[1] >= 1 && shape[1] <= 512 && shape[2] == shape[1] && shape[3] == shape[1];
}

std::vector<ObjectInfo> read_names(const fs::path& file) {
  const std::vector<std::uint8_t> bytes = read_file(file, std::size_t{1} << 20);
  std::vector<ObjectInfo> objects;
  try {
    const auto names = nlohmann::json::parse(bytes.begin(), bytes.end());
    for (const auto& each : names.at("objects"))
      objects.push_back({each.at("category_id").get<std::string>(),
                         each.at("category").get<std::string>(),
                         each.at("object").get<std::string>()});
  } catch (const nlohmann::json::exception& error) {
    fail(file.string(), ": not a list of objects: ", error.what());
  }
  return objects;
}

}  // namespace

SampleCollector::SampleCollector(std::int64_t objects_in_split, std::int64_t count)
    : split_(objects_in_split), count_(std::min(count, objects_in_split)) {}

void SampleCollector::add(const Batch& batch, const Tensor& volumes) {
  for (std::int64_t b = 0; b < batch.size; ++b) {
    const auto found = std::int64_t(objects_.size());
    if (found == count_) return;
    if (seen_++ < found * split_ / count_) continue;
    objects_.push_back(batch.objects.at(std::size_t(b)));
    inputs_.push_back(batch.first_images(b + 1).slice(b, b + 1).clone());
    volumes_.push_back(volumes.slice(b, b + 1).clone());
    truth_.push_back(batch.volumes.slice(b, b + 1).clone());
  }
}

Tensor SampleCollector::joined(const std::vector<Tensor>& rows) {
  check(!rows.empty(), "[samples] none were collected");
  Shape shape = rows.front().shape();
  shape[0] = std::int64_t(rows.size());
  Tensor result(shape);
  for (std::size_t i = 0; i < rows.size(); ++i)
    result.slice(std::int64_t(i), std::int64_t(i) + 1).copy_from(rows[i]);
  return result;
}

void write_sample_objects(const fs::path& folder, const std::vector<ObjectInfo>& objects,
                          const Tensor& inputs, const Tensor& truth) {
  const std::int64_t count = truth.shape()[0], size = inputs.shape()[1];
  Tensor pictures({count, size, size, 3}, DType::u8);
  for (std::int64_t b = 0; b < count; ++b) {
    const Image picture = picture_of_input(inputs.slice(b, b + 1).reshape({size, size, 3}));
    std::ranges::copy(picture.pixels, pictures.slice(b, b + 1).data<std::uint8_t>());
  }
  write_safetensors(objects_file(folder), {{"truth", quantized(truth, 1)}, {"input", pictures}});
  nlohmann::ordered_json names = nlohmann::ordered_json::array();
  for (std::int64_t b = 0; b < count; ++b) {
    const ObjectInfo& each = objects.at(std::size_t(b));
    names.push_back({{"category_id", each.taxonomy_id},
                     {"category", each.taxonomy_name},
                     {"object", each.object_id}});
  }
  const std::string text = nlohmann::ordered_json{{"objects", names}}.dump(
                               2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                           '\n';
  write_file_atomically(names_file(folder),
                        {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

void write_sample_volumes(const fs::path& folder, std::int64_t epoch, const Tensor& probabilities) {
  write_safetensors(volumes_file(folder, epoch), {{"probability", quantized(probabilities, 255)}});
}

SampleObjects read_sample_objects(const fs::path& folder) {
  const fs::path file = objects_file(folder);
  const ForeignWeights weights = read_foreign_weights(file);
  SampleObjects result{read_names(names_file(folder)), tensor_of(weights, file, "truth"),
                       tensor_of(weights, file, "input")};
  const Shape &truth = result.truth.shape(), &input = result.inputs.shape();
  check(is_cubes(truth) && input[0] == truth[0] && input[1] >= 1 && input[1] == input[2] &&
            input[3] == 3 && std::int64_t(result.objects.size()) == truth[0],
        file.string(), ": truth ", truth, ", input ", input, " and ", result.objects.size(),
        " names do not fit together");
  return result;
}

Tensor read_sample_volumes(const fs::path& folder, std::int64_t epoch,
                           const SampleObjects& objects) {
  const fs::path file = volumes_file(folder, epoch);
  const Tensor volumes = tensor_of(read_foreign_weights(file), file, "probability");
  check(volumes.shape() == objects.truth.shape(), file.string(), ": volumes ", volumes.shape(),
        ", the truth is ", objects.truth.shape());
  return volumes;
}

std::vector<std::int64_t> epochs_with_samples(const fs::path& folder) {
  std::vector<std::int64_t> epochs;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) continue;
    const char *const begin = name.data() + prefix.size(), *const end = name.data() + name.size() -
                                                                        suffix.size();
    std::int64_t epoch = 0;
    const auto [stop, problem] = std::from_chars(begin, end, epoch);
    if (problem == std::errc() && stop == end && epoch > 0) epochs.push_back(epoch);
  }
  std::ranges::sort(epochs);
  return epochs;
}

}  // namespace voxgrad
