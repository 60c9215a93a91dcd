// Valid checksums for damaged PNG files, so that what comes after the check is tested too.
#pragma once

#include <cstdint>
#include <vector>

namespace voxgrad::testing {

/// Sets the CRC of every chunk that is whole.
void repair_png_checksums(std::vector<std::uint8_t>& png);

}  // namespace voxgrad::testing
