// One stretch of address space in which large blocks are placed, the tightest hole first. Holes
// that touch become one, so that blocks of any size can follow each other in the same memory, which
// lists of blocks by size cannot do. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>

namespace voxgrad::cpu {

class Arena {
 public:
  /// What an allocation or a release changed.
  struct Block {
    void* start = nullptr;      // null: there is no room
    std::size_t new_bytes = 0;  // of it, taken from the system
  };

  static constexpr std::size_t kPage = 4096;

  /// Reserves addresses, not memory. Where even that is refused, every allocation finds no room.
  Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// `bytes` is a multiple of kPage.
  Block allocate(std::size_t bytes);
  void release(void* block, std::size_t bytes);
  bool holds(const void* block) const { return block >= start_ && block < start_ + size_; }
  /// Gives the memory of all holes back; the number of bytes.
  std::size_t trim();

 private:
  struct Hole {
    std::size_t bytes;
    bool warm;  // its memory was used before and is still here
  };
  using Holes = std::map<std::size_t, Hole>;  // by distance from the start

  Block take(Holes::iterator first, std::size_t bytes);
  void add_hole(std::size_t at, Hole hole);

  char* start_ = nullptr;
  std::size_t size_ = 0;
  Holes holes_;
};

}  // namespace voxgrad::cpu
