#include "io/torch/safetensors.h"

#include <algorithm>
#include <cmath>
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

std::map<std::string, std::string> parse_metadata(const std::string& file,
                                                  const nlohmann::json& json) {
  check(json.is_object(), file, ": its metadata is no JSON object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : json.items()) {
    check(value.is_string(), file, ": its metadata '", key, "' is no text");
    metadata[key] = value.get<std::string>();
  }
  return metadata;
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

  ForeignWeights result;
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name == "__metadata__")
      result.metadata = parse_metadata(file, json);
    else
      entries.push_back(parse_entry(file, name, json));
  }
  check(!entries.empty(), file, ": holds no tensors");
  std::ranges::stable_sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
  std::int64_t end = 0;
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

/// A tensor as it is written.
struct Written {
  std::string name;
  Tensor tensor;  // on the host
  bool half;

  const char* type() const { return half ? "F16" : type_name(tensor.dtype()); }
  std::size_t item_size() const { return half ? 2 : size_of(tensor.dtype()); }
  std::size_t bytes() const { return item_size() * std::size_t(tensor.numel()); }

  void append_to(std::vector<std::uint8_t>& out) const {
    if (!half) {
      const auto* const raw = static_cast<const std::uint8_t*>(tensor.raw());
      out.insert(out.end(), raw, raw + tensor.bytes());
      return;
    }
    for (const float value : tensor.to_vector<float>()) {
      const std::uint16_t bits = torch_io::to_half(value);
      out.insert(out.end(), {std::uint8_t(bits), std::uint8_t(bits >> 8)});
    }
  }
};

bool fits_half(const Tensor& tensor) {
  if (tensor.dtype() != DType::f32) return false;
  const std::vector<float> values = tensor.to_vector<float>();
  return std::ranges::all_of(values, [](float value) { return std::abs(value) <= 65504; });
}

}  // namespace

void write_safetensors(const std::filesystem::path& file, const std::vector<NamedTensor>& tensors,
                       const SafetensorsOptions& options) {
  std::vector<Written> sorted;
  for (const auto& [name, tensor] : tensors) {
    const Tensor here = tensor.to(Device::cpu());
    sorted.push_back({name, here, options.half && fits_half(here)});
  }
  // By descending item size, then name, as the authors' writer does: every tensor is aligned.
  std::ranges::stable_sort(sorted, [](const Written& a, const Written& b) {
    return std::pair(b.item_size(), a.name) < std::pair(a.item_size(), b.name);
  });
  nlohmann::ordered_json header;
  if (!options.metadata.empty()) header["__metadata__"] = options.metadata;
  std::size_t at = 0;
  for (const Written& each : sorted) {
    check(!header.contains(each.name), file.string(), ": two tensors named ", each.name);
    const Shape& shape = each.tensor.shape();
    header[each.name] = {{"dtype", each.type()},
                         {"shape", std::vector<std::int64_t>(shape.begin(), shape.end())},
                         {"data_offsets", {at, at + each.bytes()}}};
    at += each.bytes();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::vector<std::uint8_t> bytes(8);
  for (std::size_t i = 0; i < 8; ++i)
    bytes[i] = std::uint8_t(std::uint64_t(text.size()) >> (8 * i));
  bytes.reserve(8 + text.size() + at);
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const Written& each : sorted) each.append_to(bytes);
  write_file_atomically(file, bytes);
}

}  // namespace voxgrad
