// Writes MATLAB 5 files for tests, from their description in "MAT-File Format".
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace voxgrad::testing {

using MatBytes = std::vector<std::uint8_t>;

/// Arrays, as the data of an element without its tag.
MatBytes mat_doubles(const std::string& name, const std::vector<int>& extents,
                     const std::vector<double>& values);
/// Doubles that are all integers of 0 to 255 are stored as bytes, as MATLAB does.
MatBytes mat_bytes_as_doubles(const std::string& name, const std::vector<int>& extents,
                              const std::vector<std::uint8_t>& values);
MatBytes mat_uint8(const std::string& name, const std::vector<int>& extents,
                   const std::vector<std::uint8_t>& values, bool logical = false);
MatBytes mat_text(const std::string& name, const std::string& text);
MatBytes mat_cell(const std::string& name, const std::vector<MatBytes>& items);
/// A struct array of 1 x elements; each element has the fields in order.
using MatFields = std::vector<std::pair<std::string, MatBytes>>;
MatBytes mat_struct(const std::string& name, const std::vector<MatFields>& elements);

/// A whole file of such variables.
MatBytes mat_file(const std::vector<MatBytes>& variables, bool compressed);
void write_bytes(const std::filesystem::path& file, const MatBytes& bytes);

}  // namespace voxgrad::testing
