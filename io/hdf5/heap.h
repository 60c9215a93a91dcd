// Where an HDF5 group keeps more than eight links: a fractal heap that holds them, and a version 2
// B-tree that lists them. Of both, only what groups of up to some thousand links need.
#pragma once

#include "io/hdf5/format.h"

namespace voxgrad::hdf5 {

/// A heap whose blocks double in size: `width` blocks per row, of sizes s, s, 2s, 4s ...
class FractalHeap {
 public:
  FractalHeap(const Image& image, std::uint64_t address);
  /// The bytes of an object whose heap ID comes next.
  Bytes object(Cursor& id) const;

 private:
  struct Block {
    std::uint64_t address, begin, size;  // begin: in the heap's own addresses
  };
  void add_block(std::uint64_t address, std::uint64_t begin, std::uint64_t size);

  const Image& image_;
  std::uint64_t address_, id_size_ = 0, offset_size_ = 0, length_size_ = 0;
  std::vector<Block> blocks_;
};

/// The records of a B-tree of links by creation order, in its order.
std::vector<Bytes> creation_order_records(const Image& image, std::uint64_t address);

}  // namespace voxgrad::hdf5
