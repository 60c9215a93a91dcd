#include "io/torch/pickle_globals.h"

#include <bit>
#include <cstring>
#include <map>
#include <set>

#include "tensor/error.h"

namespace voxgrad::torch_io {
namespace {

const std::map<std::string, ScalarType> storage_types{
    {"DoubleStorage", ScalarType::f64}, {"FloatStorage", ScalarType::f32},
    {"HalfStorage", ScalarType::f16},   {"BFloat16Storage", ScalarType::bf16},
    {"LongStorage", ScalarType::i64},   {"IntStorage", ScalarType::i32},
    {"ShortStorage", ScalarType::i16},  {"CharStorage", ScalarType::i8},
    {"ByteStorage", ScalarType::u8},    {"BoolStorage", ScalarType::boolean}};

const std::map<std::string, ScalarType> dtypes{
    {"torch float64", ScalarType::f64},   {"torch double", ScalarType::f64},
    {"torch float32", ScalarType::f32},   {"torch float", ScalarType::f32},
    {"torch float16", ScalarType::f16},   {"torch half", ScalarType::f16},
    {"torch bfloat16", ScalarType::bf16}, {"torch int64", ScalarType::i64},
    {"torch long", ScalarType::i64},      {"torch int32", ScalarType::i32},
    {"torch int", ScalarType::i32},       {"torch int16", ScalarType::i16},
    {"torch int8", ScalarType::i8},       {"torch uint8", ScalarType::u8},
    {"torch bool", ScalarType::boolean}};

const std::set<std::string> plain_globals{"collections OrderedDict",
                                          "collections defaultdict",
                                          "collections Counter",
                                          "builtins set",
                                          "builtins bytearray",
                                          "builtins complex",
                                          "builtins dict",
                                          "builtins list",
                                          "__builtin__ set",
                                          "__builtin__ bytearray",
                                          "__builtin__ complex",
                                          "__builtin__ dict",
                                          "__builtin__ list",
                                          "torch._utils _rebuild_tensor",
                                          "torch._utils _rebuild_tensor_v2",
                                          "torch._utils _rebuild_tensor_v3",
                                          "torch._utils _rebuild_parameter",
                                          "torch.nn.parameter Parameter",
                                          "torch.storage UntypedStorage",
                                          "torch.storage TypedStorage",
                                          "torch Size",
                                          "torch device",
                                          "_codecs encode",
                                          "numpy dtype",
                                          "numpy ndarray",
                                          "numpy.core.multiarray scalar",
                                          "numpy.core.multiarray _reconstruct",
                                          "numpy._core.multiarray scalar",
                                          "numpy._core.multiarray _reconstruct"};

/// "torch FloatStorage" and "torch.cuda FloatStorage" to f32; null for other names.
const ScalarType* storage_type(const std::string& global) {
  for (const char* module : {"torch ", "torch.cuda "})
    if (global.starts_with(module)) {
      const auto found = storage_types.find(global.substr(std::strlen(module)));
      if (found != storage_types.end()) return &found->second;
    }
  return nullptr;
}

template <class T>
T& argument(const std::string& where, PickleList& arguments, std::size_t index, const char* what) {
  check(index < arguments.items.size(), where, ": misses its argument ", what);
  T* const found = arguments.items[index]->get<T>();
  check(found != nullptr, where, ": its argument ", what, " is of another kind");
  return *found;
}

std::vector<std::int64_t> integers(const std::string& where, PickleList& list) {
  std::vector<std::int64_t> result;
  check(list.items.size() <= 64, where, ": a tensor of ", list.items.size(), " dimensions");
  for (const PickleRef& item : list.items) {
    const auto* const number = item->get<std::int64_t>();
    check(number != nullptr && *number >= 0, where,
          ": a size, stride or offset is no whole number >= 0");
    result.push_back(*number);
  }
  return result;
}

PickleTensor rebuild_tensor(const std::string& where, const std::string& global,
                            PickleList& arguments) {
  PickleTensor tensor;
  tensor.storage = argument<PickleStorage>(where, arguments, 0, "storage");
  tensor.offset = argument<std::int64_t>(where, arguments, 1, "offset");
  check(tensor.offset >= 0, where, ": offset ", tensor.offset);
  tensor.size = integers(where, argument<PickleList>(where, arguments, 2, "size"));
  tensor.stride = integers(where, argument<PickleList>(where, arguments, 3, "stride"));
  check(tensor.size.size() == tensor.stride.size(), where, ": ", tensor.size.size(), " sizes and ",
        tensor.stride.size(), " strides");
  tensor.type = tensor.storage.type;
  if (global.ends_with("_v3")) {
    const std::string& dtype = argument<PickleGlobal>(where, arguments, 6, "dtype").name;
    const auto found = dtypes.find(dtype);
    check(found != dtypes.end(), where, ": tensors of type '", dtype, "' are not read");
    tensor.type = found->second;
  } else {
    check(!tensor.storage.untyped, where, ": the storage '", tensor.storage.key, "' has no type");
  }
  return tensor;
}

/// A NumPy scalar of 8 bytes: a double or a whole number; others are opaque.
PickleRef numpy_scalar(Pickle& pickle, PickleList& arguments) {
  if (arguments.items.size() == 2) {
    const auto* const dtype = arguments.items[0]->get<PickleOpaque>();
    const auto* const bytes = arguments.items[1]->get<std::string>();
    if (dtype && bytes && bytes->size() == 8 && std::endian::native == std::endian::little) {
      if (dtype->name == "numpy dtype f8<") {
        double number = 0;
        std::memcpy(&number, bytes->data(), 8);
        return pickle.make(number);
      }
      if (dtype->name == "numpy dtype i8<") {
        std::int64_t number = 0;
        std::memcpy(&number, bytes->data(), 8);
        return pickle.make(number);
      }
    }
  }
  return pickle.make(PickleOpaque{"numpy scalar"});
}

/// Text in which every character is a byte, as Python 2's files carry bytes.
std::string latin1_bytes(const std::string& where, const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = std::uint8_t(text[i]);
    if (first < 0x80) {
      bytes.push_back(text[i]);
      continue;
    }
    check((first == 0xC2 || first == 0xC3) && i + 1 < text.size(), where,
          ": text that is not of Latin-1");
    bytes.push_back(char((first << 6) | (std::uint8_t(text[++i]) & 0x3F)));
  }
  return bytes;
}

}  // namespace

std::size_t size_of(ScalarType type) {
  switch (type) {
    case ScalarType::f64:
    case ScalarType::i64:
      return 8;
    case ScalarType::f32:
    case ScalarType::i32:
      return 4;
    case ScalarType::f16:
    case ScalarType::bf16:
    case ScalarType::i16:
      return 2;
    default:
      return 1;
  }
}

const char* name_of(ScalarType type) {
  constexpr const char* names[] = {"f64", "f32", "f16", "bf16", "i64",
                                   "i32", "i16", "i8",  "u8",   "bool"};
  return names[std::size_t(type)];
}

bool is_allowed(const std::string& global) {
  return plain_globals.contains(global) || dtypes.contains(global) || storage_type(global);
}

PickleRef call_global(Pickle& pickle, const std::string& where, const std::string& global,
                      PickleList& arguments) {
  const std::string at = concat(where, ": ", global);
  if (global == "torch._utils _rebuild_tensor" || global == "torch._utils _rebuild_tensor_v2" ||
      global == "torch._utils _rebuild_tensor_v3")
    return pickle.make(rebuild_tensor(at, global, arguments));
  if (global == "torch._utils _rebuild_parameter" || global == "torch.nn.parameter Parameter") {
    argument<PickleTensor>(at, arguments, 0, "tensor");
    return arguments.items[0];
  }
  if (global == "collections OrderedDict" || global == "collections defaultdict" ||
      global == "collections Counter" || global.ends_with(" dict")) {
    // Old pickles hand the items over as a list of pairs.
    PickleDict dict;
    const bool has_items = !arguments.items.empty() && arguments.items[0]->get<PickleList>();
    if (has_items)
      for (const PickleRef& pair : arguments.items[0]->get<PickleList>()->items) {
        auto* const both = pair->get<PickleList>();
        check(both && both->items.size() == 2, at, ": an item that is no pair");
        dict.items.emplace_back(both->items[0], both->items[1]);
      }
    return pickle.make(std::move(dict));
  }
  if (global.ends_with(" list")) return pickle.make(PickleList{});
  if (global == "torch Size") {
    auto* const sizes = arguments.items.empty() ? nullptr : arguments.items[0]->get<PickleList>();
    return pickle.make(PickleList{sizes ? sizes->items : std::vector<PickleRef>{}, true});
  }
  if (global == "_codecs encode")
    return pickle.make(latin1_bytes(at, argument<std::string>(at, arguments, 0, "text")));
  if (global == "numpy dtype")
    return pickle.make(
        PickleOpaque{"numpy dtype " + argument<std::string>(at, arguments, 0, "name")});
  if (global.ends_with("multiarray scalar")) return numpy_scalar(pickle, arguments);
  return pickle.make(PickleOpaque{global});
}

void build_global(const std::string& where, PickleValue& object, PickleValue& state) {
  auto* const opaque = object.get<PickleOpaque>();
  if (!opaque || !opaque->name.starts_with("numpy dtype ")) return;
  auto* const parts = state.get<PickleList>();
  if (!parts || parts->items.size() < 2) return;
  const auto* const order = parts->items[1]->get<std::string>();
  check(order && order->size() == 1, where, ": a NumPy dtype without a byte order");
  opaque->name += *order;
}

PickleStorage storage_of(const std::string& where, PickleValue& id) {
  auto* const parts = id.get<PickleList>();
  check(parts && parts->items.size() >= 5, where, ": a persistent id that names no storage");
  const std::string& kind = argument<std::string>(where, *parts, 0, "kind");
  check(kind == "storage", where, ": a persistent id of kind '", kind, "'");
  const std::string& global = argument<PickleGlobal>(where, *parts, 1, "class").name;
  PickleStorage storage;
  storage.key = argument<std::string>(where, *parts, 2, "key");
  storage.count = argument<std::int64_t>(where, *parts, 4, "count");
  check(storage.count >= 0, where, ": a storage of ", storage.count, " elements");
  if (const ScalarType* const type = storage_type(global)) {
    storage.type = *type;
  } else {
    check(global == "torch.storage UntypedStorage", where, ": a storage of class '", global, "'");
    storage.untyped = true;
    storage.type = ScalarType::u8;
  }
  storage.size = storage.count;
  if (parts->items.size() > 5 && parts->items[5]->get<PickleList>()) {
    PickleList& view = *parts->items[5]->get<PickleList>();
    storage.offset = argument<std::int64_t>(where, view, 1, "view offset");
    storage.size = argument<std::int64_t>(where, view, 2, "view size");
    check(storage.offset >= 0 && storage.size >= 0 && storage.offset <= storage.count &&
              storage.size <= storage.count - storage.offset,
          where, ": a view beyond its storage");
  }
  return storage;
}

}  // namespace voxgrad::torch_io
