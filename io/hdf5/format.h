// Reading the part of the HDF5 file format that checkpoints use, from an image in memory and
// without the HDF5 library, which trusts what it reads. Every offset, length and count is checked
// against the image before it is used; what is outside that part is an Error.
//
//   superblock version 0: the root's object header
//   object headers version 1: messages, in blocks that continue one another
//   groups: link messages, or, for more than eight links, a fractal heap of them and a version 2
//   B-tree that lists them in the order of their creation
//
// The format: "HDF5 File Format Specification Version 3.0" of The HDF Group.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "tensor/error.h"

namespace voxgrad::hdf5 {

using Bytes = std::span<const std::uint8_t>;

/// Reads little-endian numbers one after the other. Error beyond the end.
class Cursor {
 public:
  Cursor(Bytes bytes, const std::string& name) : rest_(bytes), name_(&name) {}

  Bytes take(std::size_t count) {
    check(count <= rest_.size(), *name_, ": HDF5 structure cut short: damaged");
    const Bytes taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  void skip(std::size_t count) { take(count); }
  /// An unsigned number of 1 to 8 bytes.
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    const Bytes bytes = take(size);
    for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
    return value;
  }
  /// Error unless these characters or bytes come next.
  void expect(std::string_view text) {
    const Bytes bytes = take(text.size());
    check(std::memcmp(bytes.data(), text.data(), text.size()) == 0, *name_,
          ": HDF5 structure of another kind than checkpoints have");
  }
  std::size_t left() const { return rest_.size(); }

 private:
  Bytes rest_;
  const std::string* name_;
};

struct Message {
  enum Type : std::uint16_t {
    dataspace = 0x01,
    link_info = 0x02,
    datatype = 0x03,
    link = 0x06,
    external_files = 0x07,
    layout = 0x08,
    filters = 0x0b,
    attribute = 0x0c,
    continuation = 0x10,
    symbol_table = 0x11
  };
  std::uint64_t type = 0;
  Bytes data;
};

/// One object below a group.
struct Link {
  std::uint64_t order = 0;  // of creation
  std::string name;
  std::uint64_t address = 0;  // of its object header
};

class Image {
 public:
  /// `name` stands for the file in messages; it and the bytes must outlive this.
  Image(const std::string& name, Bytes bytes);

  const std::string& name() const { return name_; }
  std::size_t size() const { return bytes_.size(); }
  std::uint64_t root() const { return root_; }
  /// Error if they are not all inside the image.
  Bytes bytes(std::uint64_t address, std::uint64_t count) const;
  /// From an address to the end of the image.
  Cursor cursor(std::uint64_t address) const;
  /// Error once the structures read come to far more bytes than an honest image can ask for.
  void charge(std::uint64_t count) const;

  /// All messages of an object.
  std::vector<Message> messages(std::uint64_t object) const;
  /// All links of a group in the order of their creation.
  std::vector<Link> links(std::uint64_t group) const;

 private:
  Link read_link(Cursor cursor) const;
  void read_dense_links(std::uint64_t heap, std::uint64_t index, std::vector<Link>& links) const;

  const std::string& name_;
  Bytes bytes_;
  std::uint64_t root_ = 0;
  mutable std::uint64_t budget_;  // bytes yet to read: crafted files could loop for long
};

}  // namespace voxgrad::hdf5
