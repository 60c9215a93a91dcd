#include "io/torch/torch_reader.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "io/file.h"
#include "io/torch/pickle.h"
#include "io/torch/tensors.h"
#include "io/zip_archive.h"

namespace voxgrad::torch_io {
namespace {

constexpr std::size_t max_pickle = 64 << 20;
constexpr std::size_t max_file = std::size_t{16} << 30;

using Storage = std::function<std::span<const std::uint8_t>(const PickleTensor&)>;

/// Walks the dictionaries of a file and collects its tensors under dotted names.
class Collector {
 public:
  Collector(std::string file, std::size_t file_bytes, Storage storage)
      : file_(std::move(file)), budget_(std::int64_t(file_bytes)), storage_(std::move(storage)) {}

  ForeignWeights collect(PickleValue& root) {
    auto* const dict = root.get<PickleDict>();
    check(dict != nullptr, file_,
          ": holds no dictionary of tensors. A whole module saved by torch.save "
          "cannot be read: save its state_dict()");
    visit(*dict, "");
    check(!result_.tensors.empty(), file_, ": holds no tensors");
    if (!ignored_.empty()) {
      std::string names;
      for (const std::string& name : ignored_) names += (names.empty() ? "" : ", ") + name;
      result_.notes.push_back("left out: " + names);
    }
    for (const auto& [type, count] : converted_)
      result_.notes.push_back(concat(count, " tensor", count == 1 ? "" : "s", " of type ", type,
                                     type == std::string("f16") ? " read as f32" : " read as i64"));
    return std::move(result_);
  }

 private:
  void visit(PickleDict& dict, const std::string& prefix) {
    for (const auto& [key, value] : dict.items) {
      const auto* const name = key->get<std::string>();
      if (!name) {  // optimizer states count their parameters
        ignored_.insert(prefix.empty() ? "entries without a name"
                                       : prefix.substr(0, prefix.size() - 1));
        continue;
      }
      check(!name->empty() && name->size() <= 256, file_, ": a name of ", name->size(), " bytes");
      const std::string path = prefix + *name;
      if (auto* const tensor = value->get<PickleTensor>()) {
        add(path, *tensor);
      } else if (auto* const inner = value->get<PickleDict>()) {
        const bool optimizer =
            name->find("solver") != std::string::npos || name->find("optim") != std::string::npos;
        if (optimizer)
          ignored_.insert(path);
        else
          visit(*inner, path + ".");
      }
    }
  }

  void add(const std::string& name, const PickleTensor& tensor) {
    const std::string where = concat(file_, ": tensor '", name, "'");
    check(names_.insert(name).second, where, " is there twice");
    budget_ -= count_elements(where, tensor.size);
    check(budget_ >= 0, where, ": the tensors have more elements than the file has bytes");
    result_.tensors.push_back({name, gather(where, tensor, storage_(tensor))});
    if (tensor.type == ScalarType::f16 || tensor.type == ScalarType::i32 ||
        tensor.type == ScalarType::i16 || tensor.type == ScalarType::i8)
      ++converted_[name_of(tensor.type)];
  }

  std::string file_;
  std::int64_t budget_;  // of elements
  Storage storage_;
  ForeignWeights result_;
  std::set<std::string> names_, ignored_;
  std::map<std::string, int> converted_;
};

std::int64_t storage_bytes(const PickleStorage& storage) {
  std::int64_t bytes = 0;
  const std::int64_t item = storage.untyped ? 1 : std::int64_t(size_of(storage.type));
  check(!__builtin_mul_overflow(storage.count, item, &bytes), "a storage of ", storage.count,
        " elements");
  return bytes;
}

/// The common first folder of a torch archive: that of the entry NAME/data.pkl.
std::string archive_folder(const std::string& file, const std::vector<std::string>& names) {
  const std::string pickle = "/data.pkl";
  std::string folder;
  std::set<std::string> seen;
  for (const std::string& name : names) {
    check(seen.insert(name).second, file, ": two entries named '", name, "'");
    if (name.ends_with(pickle) && std::count(name.begin(), name.end(), '/') == 1)
      folder = name.substr(0, name.size() - pickle.size());
    check(!name.ends_with("/constants.pkl"), file,
          ": holds a TorchScript program, which is not read: save the module's state_dict()");
  }
  check(!folder.empty(), file, ": a ZIP archive without data.pkl, so not of PyTorch");
  return folder + "/";
}

}  // namespace

ForeignWeights read_zip(const std::filesystem::path& path) {
  const std::string file = path.string();
  const ZipArchive archive(path);
  const std::string folder = archive_folder(file, archive.names());
  const auto text = archive.read(folder + "byteorder", 64);
  check(!text || std::string(text->begin(), text->end()).starts_with("little"), file,
        ": was written by a big-endian machine, which is not read");
  const auto pickle_bytes = archive.read(folder + "data.pkl", max_pickle);
  check(pickle_bytes.has_value(), file, ": misses data.pkl");
  std::size_t used = 0;
  Pickle pickle = read_pickle(file, *pickle_bytes, used);

  // Neighbours in a state dict often share a storage; one at a time is kept.
  const auto file_bytes = std::int64_t(std::filesystem::file_size(path));
  std::string kept_key;
  std::vector<std::uint8_t> kept;
  const auto storage = [&](const PickleTensor& tensor) -> std::span<const std::uint8_t> {
    const std::string& key = tensor.storage.key;
    const std::int64_t expected = storage_bytes(tensor.storage);
    check(expected <= file_bytes, file, ": storage data/", key, " has ", expected,
          " bytes by its description, more than the file");
    if (key != kept_key || kept.empty()) {
      check(key.find('/') == std::string::npos, file, ": a storage named '", key, "'");
      kept.clear();
      auto bytes = archive.read(folder + "data/" + key, std::size_t(expected));
      check(bytes.has_value(), file, ": misses the storage data/", key);
      kept = std::move(*bytes);
      kept_key = key;
    }
    check(std::int64_t(kept.size()) == expected, file, ": storage data/", key, " has ", kept.size(),
          " bytes, its description says ", expected);
    return kept;
  };
  return Collector(file, std::size_t(file_bytes), storage).collect(pickle.root());
}

ForeignWeights read_legacy(const std::filesystem::path& path) {
  const std::string file = path.string();
  const std::vector<std::uint8_t> bytes = read_file(path, max_file);
  const std::span<const std::uint8_t> all(bytes);
  std::size_t at = sizeof(legacy_magic);
  const auto next = [&] {
    std::size_t used = 0;
    Pickle pickle = read_pickle(file, all.subspan(at, std::min(all.size() - at, max_pickle)), used);
    at += used;
    return pickle;
  };
  Pickle protocol = next();
  const auto* const version = protocol.root().get<std::int64_t>();
  check(version && *version == 1001, file, ": of an unknown protocol of torch.save");
  Pickle system = next();
  if (auto* const facts = system.root().get<PickleDict>())
    for (const auto& [key, value] : facts->items) {
      const auto* const name = key->get<std::string>();
      const auto* const flag = value->get<bool>();
      check(!(name && *name == "little_endian" && flag && !*flag), file,
            ": was written by a big-endian machine, which is not read");
    }
  Pickle pickle = next();
  Pickle keys = next();
  auto* const list = keys.root().get<PickleList>();
  check(list != nullptr, file, ": misses its list of storages");

  // A storage's type stands only in the pickle: its bytes are found by walking all of them.
  std::map<std::string, std::int64_t> item_sizes;
  pickle.visit([&](PickleValue& value) {
    const PickleStorage* storage = value.get<PickleStorage>();
    if (const auto* const tensor = value.get<PickleTensor>()) storage = &tensor->storage;
    if (storage) item_sizes[storage->key] = std::int64_t(size_of(storage->type));
  });
  std::map<std::string, std::span<const std::uint8_t>> storages;
  for (const PickleRef& item : list->items) {
    const auto* const key = item->get<std::string>();
    check(key && item_sizes.contains(*key), file, ": a storage that nothing describes");
    check(all.size() - at >= 8, file, ": cut off before storage ", *key);
    std::uint64_t count = 0;
    for (int i = 7; i >= 0; --i) count = count << 8 | all[at + std::size_t(i)];
    at += 8;
    const auto size = std::uint64_t(item_sizes[*key]);
    check(count <= (all.size() - at) / size, file, ": cut off within storage ", *key);
    check(storages.emplace(*key, all.subspan(at, std::size_t(count * size))).second, file,
          ": storage ", *key, " is there twice");
    at += std::size_t(count * size);
  }
  const auto storage = [&](const PickleTensor& tensor) {
    const auto found = storages.find(tensor.storage.key);
    check(found != storages.end(), file, ": misses the storage ", tensor.storage.key);
    check(std::int64_t(found->second.size()) == storage_bytes(tensor.storage), file, ": storage ",
          tensor.storage.key, " has ", found->second.size(), " bytes, its description says ",
          storage_bytes(tensor.storage));
    return found->second;
  };
  return Collector(file, bytes.size(), storage).collect(pickle.root());
}

}  // namespace voxgrad::torch_io
