// Whole files in and out. Reading has a cap; writing is atomic: a reader, or a machine that lost
// power, finds either the old file or the new one under the name, never half of one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace voxgrad {

/// All bytes of a file. Error if it cannot be read or has more than max_bytes.
std::vector<std::uint8_t> read_file(const std::filesystem::path& file, std::size_t max_bytes);

/// Writes to a temporary file in the same folder, syncs it, renames it, syncs the folder. The
/// folder must exist. On error the old file is untouched and the temporary one is gone.
void write_file_atomically(const std::filesystem::path& file, std::span<const std::uint8_t> bytes);

/// Removes the temporary files that a killed program left in a folder, and leaves those of other
/// running programs of this machine alone. This program may not be writing to the folder.
void remove_leftovers(const std::filesystem::path& folder);

/// Waits until a file that somebody else wrote is on the disk.
void sync_file(const std::filesystem::path& file);

/// Renames a file within its folder, in place of what has the new name, and syncs the folder, so
/// that renames reach the disk in the order in which they were made.
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace voxgrad
