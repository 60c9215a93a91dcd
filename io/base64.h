// Base64 (RFC 4648), as data URIs of web pages have it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace voxgrad {

std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace voxgrad
