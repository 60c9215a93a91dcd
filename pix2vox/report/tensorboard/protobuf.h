// Messages in the wire format of protocol buffers, as far as event files need it: each field is a
// key (number * 8 + kind) and a value.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace voxgrad::tensorboard {

class ProtoMessage {
 public:
  ProtoMessage& integer(int field, std::uint64_t value) {
    varint(std::uint64_t(field) << 3);
    varint(value);
    return *this;
  }
  ProtoMessage& real64(int field, double value) {
    varint(std::uint64_t(field) << 3 | 1);
    return raw(std::bit_cast<std::uint64_t>(value), 8);
  }
  ProtoMessage& real32(int field, float value) {
    varint(std::uint64_t(field) << 3 | 5);
    return raw(std::bit_cast<std::uint32_t>(value), 4);
  }
  ProtoMessage& bytes(int field, std::string_view value) {
    varint(std::uint64_t(field) << 3 | 2);
    varint(value.size());
    text_ += value;
    return *this;
  }
  ProtoMessage& message(int field, const ProtoMessage& value) { return bytes(field, value.text_); }

  const std::string& text() const { return text_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 128; value >>= 7) text_ += char((value & 127) | 128);
    text_ += char(value);
  }
  ProtoMessage& raw(std::uint64_t bits, int count) {
    for (int i = 0; i < count; ++i) text_ += char((bits >> (8 * i)) & 255);
    return *this;
  }

  std::string text_;
};

}  // namespace voxgrad::tensorboard
