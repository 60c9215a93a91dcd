#include "tests/support/npz.h"

#include <zip.h>

#include <cstring>
#include <memory>
#include <sstream>
#include <vector>

#include "tensor/error.h"

namespace voxgrad::testing {
namespace {

std::string read_entry(zip_t* archive, zip_uint64_t index) {
  zip_stat_t stat;
  check(zip_stat_index(archive, index, 0, &stat) == 0, "[npz] damaged directory");
  std::string bytes(stat.size, '\0');
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(zip_fopen_index(archive, index, 0),
                                                                zip_fclose);
  check(entry != nullptr &&
            zip_fread(entry.get(), bytes.data(), bytes.size()) == zip_int64_t(bytes.size()),
        "[npz] cannot read ", stat.name);
  return bytes;
}

/// The part of the header's text between two marks.
std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t begin = text.find(from);
  check(begin != std::string::npos, "[npy] no ", from, " in ", text);
  const std::size_t end = text.find(to, begin + from.size());
  return text.substr(begin + from.size(), end - begin - from.size());
}

Tensor parse_npy(const std::string& bytes) {
  check(bytes.size() > 10 && bytes.starts_with("\x93NUMPY\x01"), "[npy] not version 1");
  std::uint16_t header_size = 0;
  std::memcpy(&header_size, bytes.data() + 8, 2);
  const std::string header = bytes.substr(10, header_size);
  const std::string type = between(header, "'descr': '", "'");
  check((type == "<f4" || type == "<f8") && between(header, "'fortran_order': ", ",") == "False",
        "[npy] only C order and f4 or f8: ", header);

  std::vector<std::int64_t> extents;
  std::istringstream list(between(header, "'shape': (", ")"));
  for (std::string extent; std::getline(list, extent, ',');)
    if (extent.find_first_of("0123456789") != std::string::npos)
      extents.push_back(std::stoll(extent));
  const Tensor tensor(Shape(extents), type == "<f4" ? DType::f32 : DType::f64);
  check(bytes.size() == 10 + std::size_t(header_size) + tensor.bytes(), "[npy] wrong length");
  std::memcpy(tensor.raw(), bytes.data() + 10 + header_size, tensor.bytes());
  return tensor;
}

}  // namespace

std::map<std::string, Tensor> read_npz(const std::filesystem::path& file) {
  int error = 0;
  const std::unique_ptr<zip_t, void (*)(zip_t*)> archive(zip_open(file.c_str(), ZIP_RDONLY, &error),
                                                         zip_discard);
  check(archive != nullptr, "[npz] cannot open ", file.string());
  std::map<std::string, Tensor> tensors;
  for (zip_int64_t i = 0; i < zip_get_num_entries(archive.get(), 0); ++i) {
    const std::string name = zip_get_name(archive.get(), zip_uint64_t(i), 0);
    check(name.ends_with(".npy"), "[npz] unexpected entry ", name);
    tensors[name.substr(0, name.size() - 4)] =
        parse_npy(read_entry(archive.get(), zip_uint64_t(i)));
  }
  return tensors;
}

}  // namespace voxgrad::testing
