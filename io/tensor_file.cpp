#include "io/tensor_file.h"

#include <set>

#include "io/checksummed_file.h"
#include "io/hdf5/hdf5.h"

namespace voxgrad {
namespace {

constexpr const char* format_name = "voxgrad tensors";
constexpr std::int64_t format_version = 1;

}  // namespace

void save_tensors(const std::filesystem::path& file, const std::vector<NamedTensor>& tensors) {
  Hdf5Writer writer(file.string());
  writer.attribute("", "format", std::string(format_name));
  writer.attribute("", "format_version", format_version);
  writer.group("tensors");
  std::set<std::string> names;
  for (const auto& [name, tensor] : tensors) {
    check(!name.empty() && name.find('/') == std::string::npos, file.string(), ": not saved: \"",
          name, "\" is no name for a tensor");
    check(names.insert(name).second, file.string(), ": not saved: there are two tensors ", name);
    check(tensor.defined(), file.string(), ": not saved: tensor ", name, " is undefined");
    writer.tensor("tensors", name, tensor.to(Device::cpu()));
  }
  write_checksummed(file, writer.finish());
}

std::vector<NamedTensor> load_tensors(const std::filesystem::path& file) {
  const std::vector<std::uint8_t> image = read_checksummed(file);
  const Hdf5Reader reader(file.string(), image);
  check(reader.text_attribute("", "format") == format_name, file.string(),
        ": holds no tensors of save_tensors()");
  const std::int64_t version = reader.int_attribute("", "format_version");
  check(version == format_version, file.string(), ": has format version ", version,
        ", this program reads version ", format_version);
  return reader.tensors("tensors");
}

}  // namespace voxgrad
