#include "io/hdf5/format.h"

#include <algorithm>

#include "io/hdf5/heap.h"

namespace voxgrad::hdf5 {
namespace {

constexpr std::uint64_t undefined = ~std::uint64_t{0};
constexpr std::size_t max_blocks = 1000;  // of one object header
constexpr std::size_t max_name = 255;     // of a link

}  // namespace

Image::Image(const std::string& name, Bytes bytes)
    : name_(name), bytes_(bytes), budget_((std::uint64_t{1} << 20) + 16 * bytes.size()) {
  Cursor superblock = cursor(0);
  superblock.expect("\x89HDF\r\n\x1a\n");
  // Versions of superblock, free space, root entry, shared headers; 8 bytes per offset and length.
  superblock.expect(std::string_view("\0\0\0\0\0\x08\x08\0", 8));
  superblock.skip(2 + 2 + 4);  // B-tree sizes, flags
  check(superblock.number(8) == 0, name_, ": HDF5 base address is not 0");
  superblock.skip(8);  // free space
  check(superblock.number(8) == bytes_.size(), name_, ": HDF5 image of another length: damaged");
  superblock.skip(8 + 8);  // driver, the root's name
  root_ = superblock.number(8);
}

Bytes Image::bytes(std::uint64_t address, std::uint64_t count) const {
  check(address <= bytes_.size() && count <= bytes_.size() - address, name_, ": ", count,
        " bytes at offset ", address, " are beyond the end of the file: damaged");
  return bytes_.subspan(address, count);
}

Cursor Image::cursor(std::uint64_t address) const {
  check(address < bytes_.size(), name_, ": offset ", address,
        " is beyond the end of the file: damaged");
  return {bytes_.subspan(address), name_};
}

void Image::charge(std::uint64_t count) const {
  check(count <= budget_, name_, ": HDF5 structures refer to each other: damaged");
  budget_ -= count;
}

std::vector<Message> Image::messages(std::uint64_t object) const {
  Cursor header = cursor(object);
  header.expect(std::string_view("\x01\0", 2));
  const std::uint64_t count = header.number(2);
  header.skip(4);  // references
  const std::uint64_t size = header.number(4);
  header.skip(4);
  std::vector<Bytes> blocks{header.take(size)};
  std::vector<Message> result;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    charge(blocks[i].size());
    Cursor block(blocks[i], name_);
    while (block.left() >= 8 && result.size() < count) {
      Message message;
      message.type = block.number(2);
      const std::uint64_t bytes = block.number(2), flags = block.number(1);
      block.skip(3);
      message.data = block.take(bytes);
      check((flags & 2) == 0, name_, ": HDF5 messages shared between objects are not read");
      if (message.type == Message::continuation) {
        Cursor place(message.data, name_);
        const std::uint64_t address = place.number(8), length = place.number(8);
        check(blocks.size() < max_blocks, name_, ": HDF5 header in too many blocks: damaged");
        blocks.push_back(this->bytes(address, length));
      }
      result.push_back(message);
    }
  }
  return result;
}

Link Image::read_link(Cursor cursor) const {
  cursor.expect("\x01");
  const std::uint64_t flags = cursor.number(1);
  const std::uint64_t type = (flags & 8) ? cursor.number(1) : 0;
  check(flags & 4, name_, ": HDF5 link without creation order");
  Link link;
  link.order = cursor.number(8);
  if (flags & 16) cursor.skip(1);  // character set
  const std::uint64_t length = cursor.number(std::size_t{1} << (flags & 3));
  check(length <= max_name, name_, ": HDF5 link with a name of ", length, " bytes");
  charge(sizeof(Link) + length);
  const Bytes text = cursor.take(length);
  link.name.assign(text.begin(), text.end());
  check(type == 0, name_, ": ", link.name, " is a link to elsewhere");
  link.address = cursor.number(8);
  return link;
}

std::vector<Link> Image::links(std::uint64_t group) const {
  std::vector<Link> result;
  bool is_group = false;
  for (const Message& message : messages(group)) {
    Cursor cursor(message.data, name_);
    if (message.type == Message::link) {
      result.push_back(read_link(cursor));
    } else if (message.type == Message::link_info) {
      check(!is_group, name_, ": HDF5 group that is described twice: damaged");
      is_group = true;
      cursor.expect(std::string_view("\0\x03", 2));  // with an index by creation order
      cursor.skip(8);                                // the next order
      const std::uint64_t heap = cursor.number(8);
      cursor.skip(8);  // index by name
      if (heap != undefined) read_dense_links(heap, cursor.number(8), result);
    }
  }
  check(is_group, name_, ": HDF5 group of another kind than checkpoints have");
  std::ranges::sort(result, {}, &Link::order);
  return result;
}

void Image::read_dense_links(std::uint64_t heap, std::uint64_t index,
                             std::vector<Link>& links) const {
  const FractalHeap objects(*this, heap);
  for (const Bytes record : creation_order_records(*this, index)) {
    Cursor cursor(record, name_);
    cursor.skip(8);  // the order, which the link repeats
    links.push_back(read_link({objects.object(cursor), name_}));
  }
}

}  // namespace voxgrad::hdf5
