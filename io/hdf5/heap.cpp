#include "io/hdf5/heap.h"

#include <algorithm>
#include <bit>

namespace voxgrad::hdf5 {
namespace {

constexpr std::uint64_t undefined = ~std::uint64_t{0};
constexpr std::uint64_t max_links = 100000;
constexpr std::uint64_t max_block = std::uint64_t{1} << 30;

// Bytes that hold every number up to this one.
std::uint64_t bytes_for(std::uint64_t limit) {
  return limit == 0 ? 1 : std::uint64_t(std::bit_width(limit) + 7) / 8;
}

}  // namespace

FractalHeap::FractalHeap(const Image& image, std::uint64_t address)
    : image_(image), address_(address) {
  const std::string& name = image.name();
  Cursor header = image.cursor(address);
  header.expect(std::string_view("FRHP\0", 5));
  id_size_ = header.number(2);
  check(header.number(2) == 0, name, ": HDF5 heap with filters");
  header.skip(1);  // flags
  const std::uint64_t longest = header.number(4);
  header.skip(12 * 8);  // statistics, huge and tiny objects
  const std::uint64_t width = header.number(2), start = header.number(8),
                      largest = header.number(8), heap_bits = header.number(2);
  header.skip(2);  // first rows
  const std::uint64_t root = header.number(8), rows = header.number(2);
  check(width >= 1 && width <= 64 && std::has_single_bit(start) && std::has_single_bit(largest) &&
            start <= largest && largest <= max_block && heap_bits >= 8 && heap_bits <= 64,
        name, ": HDF5 heap of impossible sizes: damaged");
  offset_size_ = (heap_bits + 7) / 8;
  length_size_ = std::min(std::uint64_t(std::countr_zero(largest) + 7) / 8, bytes_for(longest));
  if (root == undefined) return;  // an empty heap
  if (rows == 0) {
    add_block(root, 0, start);
    return;
  }
  check(rows <= std::uint64_t(std::countr_zero(largest) - std::countr_zero(start)) + 2, name,
        ": HDF5 group with too many links");
  Cursor table = image.cursor(root);
  table.expect(std::string_view("FHIB\0", 5));
  check(table.number(8) == address, name, ": HDF5 block of another heap: damaged");
  table.skip(offset_size_);
  std::uint64_t begin = 0;
  for (std::uint64_t row = 0; row < rows; ++row) {
    const std::uint64_t size = start << (row == 0 ? 0 : row - 1);
    for (std::uint64_t column = 0; column < width; ++column, begin += size)
      add_block(table.number(8), begin, size);
  }
}

void FractalHeap::add_block(std::uint64_t address, std::uint64_t begin, std::uint64_t size) {
  if (address == undefined) return;
  Cursor block(image_.bytes(address, size), image_.name());
  block.expect(std::string_view("FHDB\0", 5));
  check(block.number(8) == address_, image_.name(), ": HDF5 block of another heap: damaged");
  check(block.number(offset_size_) == begin, image_.name(),
        ": HDF5 block at the wrong place: damaged");
  blocks_.push_back({address, begin, size});
}

Bytes FractalHeap::object(Cursor& id) const {
  Cursor cursor(id.take(id_size_), image_.name());
  check((cursor.number(1) & 0xf0) == 0, image_.name(), ": HDF5 link outside its heap");
  const std::uint64_t begin = cursor.number(offset_size_), length = cursor.number(length_size_);
  for (const Block& block : blocks_)
    if (begin >= block.begin && begin - block.begin < block.size) {
      const std::uint64_t inside = begin - block.begin;
      check(length <= block.size - inside, image_.name(), ": HDF5 link beyond its block: damaged");
      return image_.bytes(block.address + inside, length);
    }
  fail(image_.name(), ": HDF5 link outside its heap: damaged");
}

namespace {

class Tree {
 public:
  Tree(const Image& image, std::uint64_t address) : image_(image) {
    Cursor header = image.cursor(address);
    header.expect(std::string_view("BTHD\0\x06", 6));
    node_size_ = header.number(4);
    record_size_ = header.number(2);
    const std::uint64_t depth = header.number(2);
    header.skip(2);  // when nodes split and merge
    const std::uint64_t root = header.number(8), root_records = header.number(2);
    total_ = header.number(8);
    check(record_size_ > 8 && record_size_ <= 64 && node_size_ >= 128 && node_size_ <= 1 << 20 &&
              depth <= 4 && total_ <= max_links,
          image.name(), ": HDF5 index of impossible sizes: damaged");
    constexpr std::uint64_t frame = 10;  // signature, version, type, checksum
    std::uint64_t most = (node_size_ - frame) / record_size_, max_below = most;
    count_size_ = bytes_for(most);
    std::uint64_t total_size = 0;  // of a child's total in the level's pointers
    levels_.push_back({most, 0});
    for (std::uint64_t level = 1; level <= depth; ++level) {
      const std::uint64_t pointer = 8 + count_size_ + total_size;
      most = (node_size_ - frame - pointer) / (record_size_ + pointer);
      levels_.push_back({most, total_size});
      max_below = (most + 1) * max_below + most;
      total_size = bytes_for(max_below);
    }
    if (total_ > 0) read(root, root_records, depth);
    check(records_.size() == total_, image.name(), ": HDF5 index of ", total_, " links lists ",
          records_.size(), ": damaged");
  }

  std::vector<Bytes> take() { return std::move(records_); }

 private:
  struct Level {
    std::uint64_t most, total_size;
  };

  void read(std::uint64_t address, std::uint64_t count, std::uint64_t level) {
    check(count <= levels_[level].most, image_.name(), ": HDF5 index node too full: damaged");
    image_.charge(node_size_);
    Cursor node(image_.bytes(address, node_size_), image_.name());
    node.expect(level == 0 ? "BTLF" : "BTIN");
    node.expect(std::string_view("\0\x06", 2));
    std::vector<Bytes> own(count);
    for (Bytes& record : own) record = node.take(record_size_);
    for (std::uint64_t i = 0; i <= count; ++i) {
      if (level > 0) {
        const std::uint64_t child = node.number(8), child_count = node.number(count_size_);
        node.skip(levels_[level].total_size);
        read(child, child_count, level - 1);
      }
      if (i < count) records_.push_back(own[i]);
      // Children that refer to one another cannot grow this without end.
      check(records_.size() <= total_, image_.name(), ": HDF5 index lists too many links: damaged");
    }
  }

  const Image& image_;
  std::uint64_t node_size_ = 0, record_size_ = 0, total_ = 0, count_size_ = 0;
  std::vector<Level> levels_;
  std::vector<Bytes> records_;
};

}  // namespace

std::vector<Bytes> creation_order_records(const Image& image, std::uint64_t address) {
  return Tree(image, address).take();
}

}  // namespace voxgrad::hdf5
