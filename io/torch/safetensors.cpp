#include "io/torch/safetensors.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "io/file.h"
#include "io/torch/tensors.h"

namespace voxgrad::torch_io {
namespace {

constexpr std::size_t max_file = std::size_t{16} << 30;

const std::map<std::string, ScalarType> types{
    {"F64", ScalarType::f64},     {"F32", ScalarType::f32}, {"F16", ScalarType::f16},
    {"BF16", ScalarType::bf16},   {"I64", ScalarType::i64}, {"I32", ScalarType::i32},
    {"I16", ScalarType::i16},     {"I8", ScalarType::i8},   {"U8", ScalarType::u8},
    {"BOOL", ScalarType::boolean}};

/// The header, of at most 4 levels and without repeated keys, which parsers pass over silently.
nlohmann::json parse_header(const std::string& file, const char* begin, const char* end) {
  std::vector<std::set<std::string>> keys;
  std::string problem;
  using Json = nlohmann::json;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > 4) problem = "is nested more than 4 levels deep";
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      problem = "has the key '" + parsed.get<std::string>() + "' twice";
    return problem.empty();
  };
  Json header;
  try {
    header = Json::parse(begin, end, watch);
  } catch (const Json::exception& error) {
    fail(file, ": its header is no JSON: ", error.what());
  }
  check(problem.empty(), file, ": its header ", problem);
  check(header.is_object(), file, ": its header is no JSON object");
  return header;
}

std::vector<std::int64_t> integers(const std::string& where, const nlohmann::json& entry,
                                   const char* key) {
  check(
      entry.is_object() && entry.contains(key) && entry[key].is_array() && entry[key].size() <= 64,
      where, ": misses '", key, "'");
  std::vector<std::int64_t> values;
  for (const auto& value : entry[key]) {
    check(value.is_number_unsigned() && value.get<std::uint64_t>() <= std::uint64_t{1} << 62, where,
          ": '", key, "' holds something other than a size");
    values.push_back(value.get<std::int64_t>());
  }
  return values;
}

struct Entry {
  std::string name;
  PickleTensor tensor;
  std::int64_t begin = 0, end = 0;
};

Entry parse_entry(const std::string& file, const std::string& name, const nlohmann::json& json) {
  Entry entry;
  entry.name = name;
  const std::string where = concat(file, ": tensor '", name, "'");
  check(!name.empty() && name.size() <= 256, where, ": a name of ", name.size(), " bytes");
  check(json.is_object() && json.contains("dtype") && json["dtype"].is_string(), where,
        ": misses 'dtype'");
  const std::string dtype = json["dtype"].get<std::string>();
  const auto type = types.find(dtype);
  check(type != types.end(), where, ": the type ", dtype, " is not read");
  entry.tensor.type = entry.tensor.storage.type = type->second;
  entry.tensor.size = integers(where, json, "shape");
  const std::vector<std::int64_t> offsets = integers(where, json, "data_offsets");
  check(offsets.size() == 2 && offsets[0] <= offsets[1], where, ": bad 'data_offsets'");
  entry.begin = offsets[0], entry.end = offsets[1];
  const std::int64_t count = count_elements(where, entry.tensor.size);
  check((entry.end - entry.begin) / std::int64_t(size_of(type->second)) == count &&
            (entry.end - entry.begin) % std::int64_t(size_of(type->second)) == 0,
        where, ": ", count, " elements of type ", dtype, " in ", entry.end - entry.begin, " bytes");
  entry.tensor.storage.count = entry.tensor.storage.size = count;
  entry.tensor.stride.resize(entry.tensor.size.size());
  std::int64_t stride = 1;
  for (std::size_t d = entry.tensor.size.size(); d-- > 0;) {
    entry.tensor.stride[d] = stride;
    stride *= std::max<std::int64_t>(1, entry.tensor.size[d]);
  }
  return entry;
}

}  // namespace

ForeignWeights read_safetensors(const std::filesystem::path& path) {
  const std::string file = path.string();
  const std::vector<std::uint8_t> bytes = read_file(path, max_file);
  check(bytes.size() >= 8, file, ": cut off within its header");
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | bytes[std::size_t(i)];
  check(length <= max_safetensors_header && length <= bytes.size() - 8, file, ": a header of ",
        length, " bytes, the file has ", bytes.size());
  const char* const text = reinterpret_cast<const char*>(bytes.data()) + 8;
  const nlohmann::json header = parse_header(file, text, text + length);
  const std::span<const std::uint8_t> data = std::span(bytes).subspan(8 + std::size_t(length));

  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items())
    if (name != "__metadata__") entries.push_back(parse_entry(file, name, json));
  check(!entries.empty(), file, ": holds no tensors");
  std::ranges::stable_sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
  std::int64_t end = 0;
  ForeignWeights result;
  int halves = 0;
  for (const Entry& entry : entries) {
    const std::string where = concat(file, ": tensor '", entry.name, "'");
    check(entry.begin == end, where,
          entry.begin < end ? " overlaps another" : " leaves a gap before it");
    check(entry.end <= std::int64_t(data.size()), where, " reaches beyond the end of the file");
    end = entry.end;
    result.tensors.push_back(
        {entry.name,
         gather(where, entry.tensor,
                data.subspan(std::size_t(entry.begin), std::size_t(entry.end - entry.begin)))});
    halves += entry.tensor.type == ScalarType::f16;
  }
  check(end == std::int64_t(data.size()), file, ": ", std::int64_t(data.size()) - end,
        " bytes after the last tensor");
  if (halves > 0) result.notes.push_back(concat(halves, " tensors of type f16 read as f32"));
  return result;
}

}  // namespace voxgrad::torch_io

namespace voxgrad {
namespace {

const char* type_name(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return "F64";
    case DType::f32:
      return "F32";
    case DType::bf16:
      return "BF16";
    case DType::u8:
      return "U8";
    case DType::i64:
      return "I64";
  }
  fail("[safetensors] unknown dtype ", int(dtype));
}

}  // namespace

void write_safetensors(const std::filesystem::path& file, const std::vector<NamedTensor>& tensors) {
  // By descending item size, then name, as the authors' writer does: every tensor is aligned.
  std::vector<NamedTensor> sorted = tensors;
  std::ranges::stable_sort(sorted, [](const NamedTensor& a, const NamedTensor& b) {
    return std::pair(size_of(b.tensor.dtype()), a.name) <
           std::pair(size_of(a.tensor.dtype()), b.name);
  });
  nlohmann::ordered_json header;
  std::size_t at = 0;
  for (const auto& [name, tensor] : sorted) {
    check(!header.contains(name), file.string(), ": two tensors named ", name);
    header[name] = {
        {"dtype", type_name(tensor.dtype())},
        {"shape", std::vector<std::int64_t>(tensor.shape().begin(), tensor.shape().end())},
        {"data_offsets", {at, at + tensor.bytes()}}};
    at += tensor.bytes();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::vector<std::uint8_t> bytes(8);
  for (std::size_t i = 0; i < 8; ++i)
    bytes[i] = std::uint8_t(std::uint64_t(text.size()) >> (8 * i));
  bytes.reserve(8 + text.size() + at);
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const auto& [name, tensor] : sorted) {
    const Tensor on_host = tensor.to(Device::cpu());
    const auto* const raw = static_cast<const std::uint8_t*>(on_host.raw());
    bytes.insert(bytes.end(), raw, raw + on_host.bytes());
  }
  write_file_atomically(file, bytes);
}

}  // namespace voxgrad
