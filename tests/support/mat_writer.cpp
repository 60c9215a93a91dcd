#include "tests/support/mat_writer.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace voxgrad::testing {
namespace {

void append_u32(MatBytes& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(std::uint8_t(value >> (8 * i)));
}

/// An element, small where it fits.
void append(MatBytes& out, std::uint32_t type, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  if (size > 0 && size <= 4) {
    append_u32(out, type | std::uint32_t(size) << 16);
    for (std::size_t i = 0; i < size; ++i) out.push_back(bytes[i]);
    out.resize(out.size() + 4 - size);
    return;
  }
  append_u32(out, type);
  append_u32(out, std::uint32_t(size));
  for (std::size_t i = 0; i < size; ++i) out.push_back(bytes[i]);
  while (out.size() % 8 != 0) out.push_back(0);
}

MatBytes head(const std::string& name, std::uint32_t mx_class, bool logical,
              const std::vector<int>& extents) {
  MatBytes out;
  const std::uint32_t flags[2] = {mx_class | (logical ? 0x200u : 0u), 0};
  append(out, 6, flags, sizeof flags);
  append(out, 5, extents.data(), extents.size() * sizeof(int));
  append(out, 1, name.data(), name.size());
  return out;
}

}  // namespace

MatBytes mat_doubles(const std::string& name, const std::vector<int>& extents,
                     const std::vector<double>& values) {
  MatBytes out = head(name, 6, false, extents);
  append(out, 9, values.data(), values.size() * sizeof(double));
  return out;
}

MatBytes mat_bytes_as_doubles(const std::string& name, const std::vector<int>& extents,
                              const std::vector<std::uint8_t>& values) {
  MatBytes out = head(name, 6, false, extents);
  append(out, 2, values.data(), values.size());
  return out;
}

MatBytes mat_uint8(const std::string& name, const std::vector<int>& extents,
                   const std::vector<std::uint8_t>& values, bool logical) {
  MatBytes out = head(name, 9, logical, extents);
  append(out, 2, values.data(), values.size());
  return out;
}

MatBytes mat_text(const std::string& name, const std::string& text) {
  MatBytes out = head(name, 4, false, {1, int(text.size())});
  std::vector<std::uint16_t> codes;
  for (const char c : text) codes.push_back(std::uint8_t(c));
  append(out, 4, codes.data(), codes.size() * sizeof(std::uint16_t));
  return out;
}

MatBytes mat_cell(const std::string& name, const std::vector<MatBytes>& items) {
  MatBytes out = head(name, 1, false, {1, int(items.size())});
  for (const MatBytes& item : items) append(out, 14, item.data(), item.size());
  return out;
}

MatBytes mat_struct(const std::string& name, const std::vector<MatFields>& elements) {
  constexpr std::size_t width = 32;
  MatBytes out = head(name, 2, false, {1, int(elements.size())});
  const std::int32_t length = width;
  append(out, 5, &length, sizeof length);
  std::string names;
  if (!elements.empty())
    for (const auto& [field, value] : elements.front()) {
      std::string padded = field;
      padded.resize(width, '\0');
      names += padded;
    }
  append(out, 1, names.data(), names.size());
  for (const MatFields& element : elements)
    for (const auto& [field, value] : element) append(out, 14, value.data(), value.size());
  return out;
}

MatBytes mat_file(const std::vector<MatBytes>& variables, bool compressed) {
  MatBytes out(128, ' ');
  const std::string text = "MATLAB 5.0 MAT-file, made by a test";
  std::ranges::copy(text, out.begin());
  std::fill(out.begin() + 116, out.begin() + 124, std::uint8_t{0});
  out[124] = 0;
  out[125] = 1;
  out[126] = 'I';
  out[127] = 'M';
  for (const MatBytes& variable : variables) {
    MatBytes element;
    append(element, 14, variable.data(), variable.size());
    if (!compressed) {
      out.insert(out.end(), element.begin(), element.end());
      continue;
    }
    uLongf size = compressBound(uLong(element.size()));
    MatBytes packed(size);
    if (compress(packed.data(), &size, element.data(), uLong(element.size())) != Z_OK)
      throw std::runtime_error("zlib cannot pack");
    append_u32(out, 15);
    append_u32(out, std::uint32_t(size));
    out.insert(out.end(), packed.begin(), packed.begin() + std::ptrdiff_t(size));
  }
  return out;
}

void write_bytes(const std::filesystem::path& file, const MatBytes& bytes) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  if (!out) throw std::runtime_error("cannot write " + file.string());
}

}  // namespace voxgrad::testing
