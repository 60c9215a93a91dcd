#include "pix2vox/checkpoint/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "io/checksummed_file.h"
#include "io/file.h"
#include "io/hdf5/hdf5.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

constexpr const char* format_name = "voxgrad checkpoint";
constexpr std::int64_t format_version = 1;

void check_finite(const fs::path& file, const std::string& name, const Tensor& tensor) {
  if (tensor.dtype() != DType::f32 && tensor.dtype() != DType::f64) return;
  const Tensor values = tensor.to(Device::cpu());
  dispatch_float("checkpoint", values.dtype(), [&]<class T>() {
    const T* begin = values.data<T>();
    const bool finite =
        std::all_of(begin, begin + values.numel(), [](T value) { return std::isfinite(value); });
    check(finite, file.string(), ": not saved: tensor ", name, " holds NaN or infinity");
  });
}

std::string replaced(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

void write_training(const TrainingState& training, const fs::path& file, Hdf5Writer& writer) {
  writer.group("training");
  writer.attribute("training", "optimizer", training.optimizer);
  writer.attribute("training", "epoch", training.epoch);
  writer.attribute("training", "batch", training.batch);
  writer.attribute("training", "seed", training.seed);
  writer.attribute("training", "best_epoch", training.best_epoch);
  writer.attribute("training", "best_iou", training.best_iou);
  writer.group("training/sums");
  for (const auto& [name, value] : training.sums)
    writer.tensor("training/sums", name, Tensor::full({1}, value, DType::f64));
  if (training.averaged) {
    writer.group("training/weights");
    writer.attribute("training/weights", "updates", training.averaged->updates);
    for (const auto& [name, tensor] : training.averaged->weights) {
      check_finite(file, name, tensor);
      writer.tensor("training/weights", name, tensor);
    }
  }
  if (training.data) {
    const auto& [train, validation] = *training.data;
    writer.group("training/data");
    writer.attribute("training/data", "train_objects", train.objects);
    writer.attribute("training/data", "train_contents", train.contents);
    writer.attribute("training/data", "validation_objects", validation.objects);
    writer.attribute("training/data", "validation_contents", validation.contents);
  }
  writer.group("training/state");
  for (const auto& [name, tensor] : training.optimizer_state) {
    check_finite(file, name, tensor);
    writer.tensor("training/state", replaced(name, '/', ':'), tensor);
  }
}

void write_thresholds(const std::vector<CategoryThreshold>& thresholds, const fs::path& file,
                      Hdf5Writer& writer) {
  if (thresholds.empty()) return;
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [id, name, threshold] : thresholds)
    list.push_back({{"id", id}, {"name", name}, {"threshold", threshold}});
  const std::string text = list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  check(text.size() <= max_config_text, file.string(), ": not saved: the thresholds of ",
        thresholds.size(), " categories have ", text.size(),
        " bytes as text, a checkpoint stores "
        "at most ",
        max_config_text);
  writer.group("thresholds");
  writer.attribute("thresholds", "categories", text);
}

std::vector<CategoryThreshold> read_thresholds(const Hdf5Reader& reader, const fs::path& file) {
  std::vector<CategoryThreshold> thresholds;
  if (!reader.has_group("thresholds")) return thresholds;
  const auto list =
      nlohmann::json::parse(reader.text_attribute("thresholds", "categories"), nullptr, false);
  const auto is_threshold = [](const nlohmann::json& entry) {
    if (!entry.is_object() || !entry.contains("id") || !entry.contains("name") ||
        !entry.contains("threshold"))
      return false;
    return entry["id"].is_string() && entry["name"].is_string() && entry["threshold"].is_number() &&
           entry["threshold"] >= 0 && entry["threshold"] <= 1;
  };
  check(list.is_array() && std::all_of(list.begin(), list.end(), is_threshold), file.string(),
        ": the thresholds of its categories are no list of id, name and threshold");
  for (const auto& entry : list)
    thresholds.push_back({entry["id"], entry["name"], entry["threshold"]});
  return thresholds;
}

/// folder/stem.h5, or with a number if that is taken.
fs::path unused_name(const fs::path& folder, const std::string& stem) {
  fs::path file = folder / (stem + ".h5");
  for (int i = 2; fs::exists(file); ++i) file = folder / concat(stem, "-", i, ".h5");
  return file;
}

TrainingState read_training(const Hdf5Reader& reader) {
  TrainingState training;
  training.optimizer = reader.text_attribute("training", "optimizer");
  training.epoch = reader.int_attribute("training", "epoch");
  training.batch = reader.int_attribute("training", "batch");
  training.seed = reader.uint_attribute("training", "seed");
  training.best_epoch = reader.int_attribute("training", "best_epoch");
  training.best_iou = reader.double_attribute("training", "best_iou");
  for (const auto& [name, tensor] : reader.tensors("training/sums"))
    training.sums[name] = tensor.item();
  if (reader.has_group("training/weights"))
    training.averaged = {reader.tensors("training/weights"),
                         reader.int_attribute("training/weights", "updates")};
  if (reader.has_group("training/data")) {
    const auto text = [&](const char* key) { return reader.text_attribute("training/data", key); };
    training.data = {{text("train_objects"), text("train_contents")},
                     {text("validation_objects"), text("validation_contents")}};
  }
  for (const auto& [name, tensor] : reader.tensors("training/state"))
    training.optimizer_state.push_back({replaced(name, ':', '/'), tensor});
  return training;
}

}  // namespace

void save_checkpoint(const fs::path& file, const Checkpoint& checkpoint) {
  const std::string config = to_yaml(checkpoint.config);
  check(config.size() <= max_config_text, file.string(), ": not saved: the configuration has ",
        config.size(), " bytes as text, a checkpoint stores at most ", max_config_text);
  Hdf5Writer writer(file.string());
  writer.attribute("", "format", format_name);
  writer.attribute("", "format_version", format_version);
  writer.attribute("", "layout", std::string("channels_last"));
  writer.attribute("", "threshold", checkpoint.threshold);
  writer.attribute("", "config", config);
  write_thresholds(checkpoint.category_thresholds, file, writer);
  writer.group("model");
  for (const auto& [name, tensor] : checkpoint.model) {
    check_finite(file, name, tensor);
    writer.tensor("model", name, tensor);
  }
  if (checkpoint.training) write_training(*checkpoint.training, file, writer);
  write_checksummed(file, writer.finish());
}

Checkpoint load_checkpoint(const fs::path& file, CheckpointPart part) {
  const std::vector<std::uint8_t> image = read_checksummed(file);
  const Hdf5Reader reader(file.string(), image);
  check(reader.text_attribute("", "format") == format_name, file.string(),
        ": not a checkpoint of Voxgrad");
  const std::int64_t version = reader.int_attribute("", "format_version");
  check(version == format_version, file.string(), ": has format version ", version,
        ", this program reads version ", format_version);
  Checkpoint checkpoint;
  checkpoint.config =
      parse_config(reader.text_attribute("", "config"), file.string() + " (config)");
  checkpoint.threshold = reader.double_attribute("", "threshold");
  checkpoint.category_thresholds = read_thresholds(reader, file);
  checkpoint.model = reader.tensors("model");
  if (part == CheckpointPart::all && reader.has_group("training"))
    checkpoint.training = read_training(reader);
  return checkpoint;
}

void save_last_checkpoint(const fs::path& folder, const Checkpoint& checkpoint) {
  // The new file is complete and on disk before the old ones are touched. Between the renames there
  // is no last.h5, but last.previous.h5 holds what it was.
  const fs::path last = folder / "last.h5", next = folder / "last.next.h5";
  save_checkpoint(next, checkpoint);
  if (fs::exists(last)) rename_file(last, folder / "last.previous.h5");
  rename_file(next, last);
}

LastCheckpoint load_last_checkpoint(const fs::path& folder) {
  const fs::path last = folder / "last.h5", previous = folder / "last.previous.h5";
  std::string reason;
  bool damaged = false;
  std::error_code unknown;  // a file that cannot be looked at is not missing: loading says why
  if (!fs::exists(last, unknown) && !unknown) {
    reason = last.string() + ": is missing";
  } else {
    // Other errors stand: what a newer program wrote, or we may not read, must not be bypassed.
    try {
      return {load_checkpoint(last), last, ""};
    } catch (const DamagedFile& error) {
      reason = error.what();
      damaged = true;
    }
  }
  LastCheckpoint found;
  try {
    found = {load_checkpoint(previous), previous, reason};
  } catch (const Error& error) {
    fail("no usable checkpoint in ", folder.string(), ":\n  ", reason, "\n  ", error.what());
  }
  // Else the next save would keep the damaged file and throw the good one away.
  if (damaged) {
    const fs::path aside = unused_name(folder, "last.damaged");
    rename_file(last, aside);
    found.warning += "\nIt is now " + aside.string();
  }
  found.warning += "\nTaking the checkpoint before it: " + previous.string();
  return found;
}

void check_same_network(const ModelConfig& in_file, const ModelConfig& wanted,
                        const fs::path& file) {
  check<ConfigError>(in_file.variant == wanted.variant, file.string(),
                     " holds a network of variant ", in_file.variant,
                     ", the configuration asks for variant ", wanted.variant,
                     ": give a configuration of variant ", in_file.variant,
                     " or weights of variant ", wanted.variant);
  if (in_file.same_architecture(wanted)) return;
  Config a, b;
  a.model = in_file;
  b.model = wanted;
  const std::vector<ConfigKey> keys = config_keys(a), wanted_keys = config_keys(b);
  std::string differences;
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i].value != wanted_keys[i].value && keys[i].name != "model.vgg_init" &&
        keys[i].name != "model.freeze_vgg" && keys[i].name != "model.track_merger")
      differences += concat("\n  ", keys[i].name, ": ", keys[i].value, " in the file, ",
                            wanted_keys[i].value, " asked for");
  fail<ConfigError>(file.string(), " holds a network of other sizes:", differences);
}

}  // namespace voxgrad
