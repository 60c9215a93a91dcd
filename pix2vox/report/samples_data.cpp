// The part of pix2vox/report/run_data.h that has to fit into the report's size.
#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/base64.h"
#include "io/file.h"
#include "pix2vox/report/run_data.h"
#include "pix2vox/training/run_folder.h"
#include "pix2vox/training/sample_volumes.h"
#include "tensor/error.h"
#include "voxels/image/codecs.h"
#include "voxels/image/contact_sheet.h"
#include "voxels/image/image.h"

namespace voxgrad {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string packed(std::span<const std::uint8_t> bytes) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(9), libdeflate_free_compressor);
  check(compressor != nullptr, "[report] not enough memory");
  std::vector<std::uint8_t> result(libdeflate_zlib_compress_bound(compressor.get(), bytes.size()));
  result.resize(libdeflate_zlib_compress(compressor.get(), bytes.data(), bytes.size(),
                                         result.data(), result.size()));
  return base64(result);
}

std::string data_uri(std::span<const std::uint8_t> png) {
  return "data:image/png;base64," + base64(png);
}

/// Row b of a tensor of bytes.
std::span<const std::uint8_t> row_of(const Tensor& tensor, std::int64_t b) {
  const std::int64_t count = tensor.numel() / tensor.shape()[0];
  return {tensor.data<std::uint8_t>() + b * count, std::size_t(count)};
}

/// What the network saw, small enough for a page.
std::string input_picture(const Tensor& inputs, std::int64_t b) {
  constexpr int largest = 160;
  const int size = int(inputs.shape()[1]);
  Image picture(size, size, 3);
  std::ranges::copy(row_of(inputs, b), picture.pixels.begin());
  return data_uri(encode_png(size > largest ? resized(picture, largest, largest) : picture));
}

Json volumes_of(const fs::path& folder, std::int64_t epoch, const SampleObjects& objects,
                std::int64_t shown) {
  const Tensor volumes = read_sample_volumes(folder, epoch, objects);
  Json packed_volumes = Json::array();
  for (std::int64_t b = 0; b < shown; ++b) packed_volumes.push_back(packed(row_of(volumes, b)));
  return {{"epoch", epoch}, {"volumes", packed_volumes}};
}

/// `count` of the epochs, the first and the last among them, evenly spaced otherwise.
std::vector<std::int64_t> chosen(const std::vector<std::int64_t>& epochs, std::size_t count) {
  if (count >= epochs.size()) return epochs;
  if (count <= 1) return {epochs.back()};
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i < count; ++i)
    result.push_back(epochs[i * (epochs.size() - 1) / (count - 1)]);
  return result;
}

class Budget {
 public:
  explicit Budget(std::size_t bytes) : left_(bytes) {}
  std::size_t left() const { return left_; }
  /// False if it does not fit.
  bool take(std::size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }

 private:
  std::size_t left_;
};

/// null if not even the last epoch fits.
Json samples_of(const fs::path& folder, Budget& budget, Json& notes) {
  const std::vector<std::int64_t> epochs = epochs_with_samples(folder);
  if (epochs.empty()) return nullptr;
  const SampleObjects samples = read_sample_objects(folder);
  Json objects = Json::array();
  Json last{{"epoch", epochs.back()}, {"volumes", Json::array()}};
  const Tensor volumes = read_sample_volumes(folder, epochs.back(), samples);
  for (std::int64_t b = 0; b < samples.truth.shape()[0]; ++b) {
    Tensor truth({samples.truth.numel() / samples.truth.shape()[0]}, DType::u8);
    std::ranges::transform(row_of(samples.truth, b), truth.data<std::uint8_t>(),
                           [](std::uint8_t v) { return std::uint8_t(v ? 255 : 0); });
    const ObjectInfo& info = samples.objects[std::size_t(b)];
    Json object{{"category", info.taxonomy_name},
                {"object", info.object_id},
                {"truth", packed(row_of(truth.reshape({1, truth.numel()}), 0))},
                {"input", input_picture(samples.inputs, b)}};
    std::string volume = packed(row_of(volumes, b));
    if (!budget.take(object.dump(-1, ' ', false, Json::error_handler_t::replace).size() +
                     volume.size() + 64)) {
      notes.push_back(concat("the viewer has ", b, " of ", samples.truth.shape()[0],
                             " objects: more would not fit"));
      break;
    }
    objects.push_back(std::move(object));
    last["volumes"].push_back(std::move(volume));
  }
  if (objects.empty()) return nullptr;

  const auto shown = std::int64_t(objects.size());
  const std::size_t each = last.dump().size() + 16;
  const std::vector<std::int64_t> others =
      chosen({epochs.begin(), epochs.end() - 1}, budget.left() / each);
  Json list = Json::array();
  std::size_t left_out = epochs.size() - 1 - others.size();
  if (budget.left() >= each)
    for (const std::int64_t epoch : others) {
      Json entry = volumes_of(folder, epoch, samples, shown);
      if (budget.take(entry.dump().size() + 16))
        list.push_back(std::move(entry));
      else
        ++left_out;
    }
  else
    left_out = epochs.size() - 1;
  list.push_back(std::move(last));
  if (left_out > 0)
    notes.push_back(concat("the viewer shows ", list.size(), " of ", epochs.size(),
                           " epochs: more would not fit"));
  return {{"n", samples.truth.shape()[1]}, {"objects", objects}, {"epochs", list}};
}

struct Picture {
  fs::path file;
  std::string title;
};

/// The gallery's pictures, and the newest sample sheet.
std::vector<Picture> pictures_of(const RunFolder& run) {
  std::vector<Picture> result;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(run.root / "gallery", error))
    if (entry.path().extension() == ".png")
      result.push_back({entry.path(), entry.path().stem().string()});
  std::ranges::sort(result, {}, &Picture::title);
  std::optional<fs::path> sheet;
  std::int64_t newest = -1;
  for (const auto& entry : fs::directory_iterator(run.samples(), error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("epoch_") || !name.ends_with(".png")) continue;
    const std::int64_t epoch = std::atoll(name.c_str() + 6);
    if (epoch <= newest) continue;
    newest = epoch;
    sheet = entry.path();
  }
  if (sheet) result.push_back({*sheet, concat("epoch ", newest, ": input, prediction, truth")});
  return result;
}

}  // namespace

void add_samples(const fs::path& folder, std::size_t max_bytes, Json& data) {
  const RunFolder run{folder};
  // A third for pictures; what they leave, the viewer has.
  Budget pictures(max_bytes / 3);
  Json& notes = data["notes"];
  std::size_t left_out = 0;
  for (const Picture& each : pictures_of(run)) {
    try {
      const std::vector<std::uint8_t> bytes = read_file(each.file, std::size_t{64} << 20);
      if (pictures.take(bytes.size() * 4 / 3 + each.title.size() + 128))
        data["gallery"].push_back({{"title", each.title}, {"source", data_uri(bytes)}});
      else
        ++left_out;
    } catch (const Error& error) {
      notes.push_back(error.what());
    }
  }
  if (left_out > 0)
    notes.push_back(concat(left_out, " pictures of the gallery were left out: they would not fit"));
  Budget volumes(max_bytes - max_bytes / 3 + pictures.left());
  try {
    data["samples"] = samples_of(run.samples(), volumes, notes);
  } catch (const Error& error) {
    notes.push_back(concat("no viewer: ", error.what()));
  }
}

}  // namespace voxgrad
