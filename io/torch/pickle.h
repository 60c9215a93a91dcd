// The part of Python's pickle format that PyTorch's files use, read without executing anything: the
// opcodes that torch.load(weights_only=True) accepts, and a list of names that stand for inert
// values. Every other opcode or name is an Error with its offset.
//
// The result is a tree of plain values. Tensors and the persistent ids of their storages stay
// symbolic (PickleTensor): io/torch/torch_reader.h gives them their bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace voxgrad::torch_io {

enum class ScalarType : std::uint8_t { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };
std::size_t size_of(ScalarType type);
const char* name_of(ScalarType type);

/// A storage as a persistent id names it.
struct PickleStorage {
  std::string key;
  ScalarType type = ScalarType::f32;
  bool untyped = false;     // `count` is in bytes, and the tensor says its type
  std::int64_t count = 0;   // elements of the storage
  std::int64_t offset = 0;  // of a view on the storage (old files), in elements
  std::int64_t size = 0;    // elements of the view; count without one
};

/// A tensor as _rebuild_tensor_v2 and its relatives describe it, in elements of its storage.
struct PickleTensor {
  PickleStorage storage;
  ScalarType type = ScalarType::f32;
  std::int64_t offset = 0;
  std::vector<std::int64_t> size, stride;
};

struct PickleValue;
using PickleRef = PickleValue*;  // owned by its Pickle

/// A name of the allow-list, such as "torch FloatStorage".
struct PickleGlobal {
  std::string name;
};
struct PickleList {
  std::vector<PickleRef> items;
  bool tuple = false;
};
struct PickleDict {
  std::vector<std::pair<PickleRef, PickleRef>> items;
};
/// Something that is read and has no meaning here, such as a NumPy dtype.
struct PickleOpaque {
  std::string name;
};

struct PickleValue {
  std::variant<std::monostate, bool, std::int64_t, double, std::string, PickleGlobal, PickleList,
               PickleDict, PickleStorage, PickleTensor, PickleOpaque>
      data;

  template <class T>
  T* get() {
    return std::get_if<T>(&data);
  }
};

/// All values of a pickle. They are owned side by side, so that neither depth nor a value that
/// contains itself matters when they are freed.
class Pickle {
 public:
  Pickle() = default;
  Pickle(Pickle&&) = default;
  Pickle& operator=(Pickle&&) = default;

  template <class T>
  PickleRef make(T data) {
    return &values_.emplace_back(PickleValue{std::move(data)});
  }
  PickleValue& root() { return *root_; }
  void set_root(PickleRef root) { root_ = root; }
  /// Calls f(value) for every value, in the order in which they were read.
  template <class F>
  void visit(F f) {
    for (PickleValue& value : values_) f(value);
  }

 private:
  std::deque<PickleValue> values_;
  PickleRef root_ = nullptr;
};

/// Reads one pickle from the front of `bytes`; `used` becomes its length. Errors begin with `name`.
/// Nothing below the root contains itself, and it is at most 100 levels deep.
Pickle read_pickle(const std::string& name, std::span<const std::uint8_t> bytes, std::size_t& used);

}  // namespace voxgrad::torch_io
