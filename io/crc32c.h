// The checksum CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), as iSCSI, ext4 and TFRecord
// files use it.
#pragma once

#include <cstdint>
#include <span>

namespace voxgrad {

std::uint32_t crc32c(std::span<const std::uint8_t> bytes);

}  // namespace voxgrad
