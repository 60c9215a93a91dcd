// Where a tensor lives: the CPU, or CUDA device number `index`.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

namespace voxgrad {

struct Device {
  enum class Kind : std::uint8_t { cpu, cuda };
  Kind kind = Kind::cpu;
  int index = 0;

  static Device cpu() { return {}; }
  static Device cuda(int index = 0) { return {Kind::cuda, index}; }
  /// "cpu", "cuda", "cuda:1", or "auto" (CUDA where there is a device, else the CPU).
  /// ConfigError for another word, DeviceError for a device that is not there.
  static Device parse(const std::string& text);

  bool is_cuda() const { return kind == Kind::cuda; }
  bool operator==(const Device&) const = default;
};

std::ostream& operator<<(std::ostream& out, Device device);

}  // namespace voxgrad
