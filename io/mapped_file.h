// A file seen as memory, so that the structures of one larger than the memory can be read; and
// pieces of a file read at a place of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace voxgrad {

class MappedFile {
 public:
  /// Error if the file cannot be opened or is empty.
  explicit MappedFile(const std::filesystem::path& file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  /// Whoever shortens the file meanwhile ends the program; so only look at what is needed once.
  std::span<const std::uint8_t> bytes() const { return bytes_; }
  /// Copies a piece; safe from several threads, and if the file changes meanwhile. Error if it is
  /// not all there.
  void read(std::uint64_t offset, std::span<std::uint8_t> target) const;

 private:
  std::filesystem::path file_;
  int descriptor_ = -1;
  std::span<const std::uint8_t> bytes_;
};

}  // namespace voxgrad
