#include "cpu/memory/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace voxgrad::cpu {

Arena::Arena() {
  constexpr std::size_t huge_page = std::size_t{2} << 20, least = std::size_t{1} << 30;
  const std::size_t memory =
      std::size_t(sysconf(_SC_PHYS_PAGES)) * std::size_t(sysconf(_SC_PAGESIZE));
  // Never more than there is. A limit on addresses (ulimit -v) may leave room for less.
  for (std::size_t size = memory / huge_page * huge_page; size >= least;
       size = size / 2 / huge_page * huge_page) {
    void* const range = mmap(nullptr, size + huge_page, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) continue;
    const auto address = reinterpret_cast<std::uintptr_t>(range);
    start_ = static_cast<char*>(range) + (huge_page - address % huge_page) % huge_page;
    size_ = size;
    madvise(start_, size_, MADV_HUGEPAGE);  // fewer misses in long sweeps; a wish, nothing more
    holes_[0] = {size_, false};
    return;
  }
}

Arena::Block Arena::allocate(std::size_t bytes) {
  auto best = holes_.end();
  for (auto hole = holes_.begin(); hole != holes_.end(); ++hole)
    if (hole->second.warm && hole->second.bytes >= bytes &&
        (best == holes_.end() || hole->second.bytes < best->second.bytes))
      best = hole;
  if (best != holes_.end()) return take(best, bytes);

  // Fresh memory then, as little as can be: after a warm hole that covers part of it.
  std::size_t max_warm = 0;
  for (auto first = holes_.begin(); first != holes_.end(); ++first) {
    std::size_t room = 0, warm = 0, end = first->first;
    for (auto hole = first; hole != holes_.end() && hole->first == end && room < bytes; ++hole) {
      room += hole->second.bytes;
      warm += hole->second.warm ? hole->second.bytes : 0;
      end += hole->second.bytes;
    }
    if (room >= bytes && (best == holes_.end() || warm > max_warm)) {
      best = first;
      max_warm = warm;
    }
  }
  return best == holes_.end() ? Block{} : take(best, bytes);
}

/// From the beginning of a hole, and of those that follow without a gap.
Arena::Block Arena::take(Holes::iterator first, std::size_t bytes) {
  const std::size_t at = first->first;
  Block block{start_ + at};
  for (std::size_t end = at; bytes > 0; first = holes_.find(end)) {
    const Hole hole = first->second;
    const std::size_t taken = std::min(bytes, hole.bytes);
    holes_.erase(first);
    if (taken < hole.bytes) holes_[end + taken] = {hole.bytes - taken, hole.warm};
    if (!hole.warm) block.new_bytes += taken;
    end += taken;
    bytes -= taken;
  }
  return block;
}

void Arena::release(void* block, std::size_t bytes) {
  add_hole(std::size_t(static_cast<char*>(block) - start_), {bytes, true});
}

void Arena::add_hole(std::size_t at, Hole hole) {
  const auto next = holes_.lower_bound(at);
  if (next != holes_.end() && next->first == at + hole.bytes && next->second.warm == hole.warm) {
    hole.bytes += next->second.bytes;
    holes_.erase(next);
  }
  const auto after = holes_.lower_bound(at);
  if (after != holes_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second.bytes == at && before->second.warm == hole.warm) {
      before->second.bytes += hole.bytes;
      return;
    }
  }
  holes_[at] = hole;
}

std::size_t Arena::trim() {
  std::size_t given_back = 0;
  Holes old;
  old.swap(holes_);
  for (const auto& [at, hole] : old) {
    if (hole.warm) {
      madvise(start_ + at, hole.bytes, MADV_DONTNEED);
      given_back += hole.bytes;
    }
    add_hole(at, {hole.bytes, false});
  }
  return given_back;
}

}  // namespace voxgrad::cpu
