// Files with a checksum trailer, so that any changed bit is found before the contents are
// looked at: 24 bytes "VOXGRAD1", length of the contents, checksum of the contents (little-endian).
// Formats such as HDF5, which know their own end, still open such files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "tensor/error.h"

namespace voxgrad {

/// The file is not as it was written: cut off, changed, or without a checksum.
class DamagedFile : public Error {
 public:
  using Error::Error;
};

/// Multiplies and rotates 64-bit words in four lanes. Every step is a bijection of the lane's
/// state, so that two contents that differ in one word never have the same checksum.
std::uint64_t checksum(std::span<const std::uint8_t> bytes);

/// Appends the checksum and writes the file atomically.
void write_checksummed(const std::filesystem::path& file, std::vector<std::uint8_t> contents);

/// The contents, without the checksum. DamagedFile if that is missing or does not fit.
std::vector<std::uint8_t> read_checksummed(const std::filesystem::path& file);

}  // namespace voxgrad
