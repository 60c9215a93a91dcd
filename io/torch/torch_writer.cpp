// A state dict as torch.save writes it: a zip archive of a pickle (protocol 2) and one storage per
// tensor. It holds no floats: torch.load(weights_only=True) of PyTorch 1.13 refuses them.
#include <zip.h>

#include <memory>

#include "io/file.h"
#include "io/foreign_weights.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

const char* storage_class(const std::string& name, DType dtype) {
  switch (dtype) {
    case DType::f64:
      return "DoubleStorage";
    case DType::f32:
      return "FloatStorage";
    case DType::bf16:
      return "BFloat16Storage";
    case DType::u8:
      return "ByteStorage";
    case DType::i64:
      return "LongStorage";
  }
  fail("[torch] tensor ", name, " has no type of PyTorch's");
}

class PickleWriter {
 public:
  PickleWriter() { bytes("\x80\x02"); }

  void begin_dict() {
    global("collections", "OrderedDict");
    bytes(")R(");
  }
  void end_dict() { bytes("u"); }
  void text(const std::string& value) {
    bytes("X");
    little_endian(value.size(), 4);
    bytes(value);
  }
  void integer(std::int64_t value) {
    if (value >= 0 && value < std::int64_t{1} << 31) {
      bytes("J");
      little_endian(std::uint64_t(value), 4);
    } else {
      bytes(std::string("\x8a\x08", 2));
      little_endian(std::uint64_t(value), 8);
    }
  }
  void tensor(const std::string& name, const Tensor& tensor, const std::string& key) {
    global("torch._utils", "_rebuild_tensor_v2");
    bytes("((");
    text("storage");
    global("torch", storage_class(name, tensor.dtype()));
    text(key);
    text("cpu");
    integer(tensor.numel());
    bytes("tQ");
    integer(0);
    const int rank = tensor.shape().rank();
    std::vector<std::int64_t> strides(std::size_t(rank), 1);
    for (int d = rank - 2; d >= 0; --d)
      strides[std::size_t(d)] = strides[std::size_t(d) + 1] * tensor.shape()[d + 1];
    tuple({tensor.shape().extents().begin(), tensor.shape().extents().end()});
    tuple(strides);
    bytes("\x89");
    global("collections", "OrderedDict");
    bytes(")RtR");
  }
  std::vector<std::uint8_t> finish() {
    bytes(".");
    return std::move(out_);
  }

 private:
  void bytes(const std::string& text) { out_.insert(out_.end(), text.begin(), text.end()); }
  void little_endian(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) out_.push_back(std::uint8_t(value >> (8 * i)));
  }
  void global(const std::string& module, const std::string& name) {
    bytes("c" + module + "\n" + name + "\n");
  }
  void tuple(const std::vector<std::int64_t>& values) {
    bytes("(");
    for (const std::int64_t value : values) integer(value);
    bytes("t");
  }

  std::vector<std::uint8_t> out_;
};

/// An archive that libzip builds in memory; entries are stored as they are.
class MemoryZip {
 public:
  explicit MemoryZip(std::string file) : file_(std::move(file)) {
    source_ = zip_source_buffer_create(nullptr, 0, 0, nullptr);
    check(source_ != nullptr, file_, ": not enough memory");
    zip_source_keep(source_);
    zip_ = zip_open_from_source(source_, ZIP_TRUNCATE, nullptr);
    if (zip_ == nullptr) zip_source_free(source_);
    check(zip_ != nullptr, file_, ": the archive cannot be begun");
  }
  ~MemoryZip() {
    if (zip_) zip_discard(zip_);
    zip_source_free(source_);
  }
  MemoryZip(const MemoryZip&) = delete;
  MemoryZip& operator=(const MemoryZip&) = delete;

  /// The bytes must stay until finish().
  void add(const std::string& name, const void* data, std::size_t size) {
    zip_source_t* const entry = zip_source_buffer(zip_, data, size, 0);
    const zip_int64_t index =
        entry ? zip_file_add(zip_, name.c_str(), entry, ZIP_FL_ENC_UTF_8) : -1;
    if (index < 0 && entry) zip_source_free(entry);
    check(index >= 0 && zip_set_file_compression(zip_, zip_uint64_t(index), ZIP_CM_STORE, 0) == 0,
          file_, ": entry ", name, ": ", zip_strerror(zip_));
    // A fixed date, so that the same tensors give the same bytes.
    zip_file_set_dostime(zip_, zip_uint64_t(index), 0, 0x21, 0);
  }

  std::vector<std::uint8_t> finish() {
    check(zip_close(zip_) == 0, file_, ": ", zip_strerror(zip_));
    zip_ = nullptr;
    zip_stat_t stat;
    zip_stat_init(&stat);
    check(zip_source_stat(source_, &stat) == 0 && zip_source_open(source_) == 0, file_,
          ": the archive cannot be read back");
    std::vector<std::uint8_t> bytes(stat.size);
    const bool whole =
        zip_source_read(source_, bytes.data(), bytes.size()) == zip_int64_t(bytes.size());
    zip_source_close(source_);
    check(whole, file_, ": the archive cannot be read back");
    return bytes;
  }

 private:
  std::string file_;
  zip_source_t* source_ = nullptr;
  zip_t* zip_ = nullptr;
};

}  // namespace

void write_torch(const std::filesystem::path& file, const std::vector<NamedTensor>& tensors,
                 bool grouped, const std::vector<NamedNumber>& numbers) {
  const std::string folder = file.stem().string() + "/";
  std::vector<Tensor> on_host;
  PickleWriter pickle;
  pickle.begin_dict();
  std::string group;
  for (const auto& [name, tensor] : tensors) {
    const std::size_t dot = grouped ? name.find('.') : std::string::npos;
    const std::string wanted = dot == std::string::npos ? "" : name.substr(0, dot);
    if (wanted != group) {
      if (!group.empty()) pickle.end_dict();
      if (!wanted.empty()) {
        pickle.text(wanted);
        pickle.begin_dict();
      }
      group = wanted;
    }
    on_host.push_back(tensor.to(Device::cpu()));
    pickle.text(dot == std::string::npos ? name : name.substr(dot + 1));
    pickle.tensor(name, on_host.back(), std::to_string(on_host.size() - 1));
  }
  if (!group.empty()) pickle.end_dict();
  for (const auto& [name, number] : numbers) {
    pickle.text(name);
    pickle.integer(number);
  }
  pickle.end_dict();
  const std::vector<std::uint8_t> description = pickle.finish();

  MemoryZip zip(file.string());
  zip.add(folder + "data.pkl", description.data(), description.size());
  zip.add(folder + "byteorder", "little", 6);
  for (std::size_t i = 0; i < on_host.size(); ++i)
    zip.add(folder + "data/" + std::to_string(i), on_host[i].raw(), on_host[i].bytes());
  zip.add(folder + "version", "3\n", 2);
  write_file_atomically(file, zip.finish());
}

}  // namespace voxgrad
