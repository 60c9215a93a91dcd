// Reads files out of a ZIP archive into memory. Nothing is ever written to the disk, so the names
// inside cannot lead anywhere. Safe to use from several threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace voxgrad {

class ZipArchive {
 public:
  /// Error if it is not a readable ZIP archive.
  explicit ZipArchive(const std::filesystem::path& file);
  ~ZipArchive();

  /// The names of all entries, in the archive's order.
  std::vector<std::string> names() const;

  /// The bytes of the entry `name` (upper and lower case may differ), or nothing if there is none.
  /// Error if it is damaged, has more than max_bytes, or is packed more than 1000 to 1.
  std::optional<std::vector<std::uint8_t>> read(const std::string& name,
                                                std::size_t max_bytes) const;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  std::string file_;
};

}  // namespace voxgrad
