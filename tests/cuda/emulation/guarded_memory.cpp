// Blocks are surrounded by guard bands, and fresh ones hold NaN in every float type. One gigabyte
// in total, so that running out of memory can be tested too.
#include "tests/cuda/emulation/guarded_memory.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "tests/cuda/emulation/streams.h"

namespace voxgrad::emulation {
namespace {

constexpr std::size_t kGuard = 256;
constexpr std::size_t kTotal = std::size_t{1} << 30;
constexpr int kSentinel = 0xA5, kPoison = 0xFF;

std::mutex mutex;
struct Block {
  std::size_t bytes;
  int device;
};
std::unordered_map<char*, Block> blocks;
std::size_t taken = 0;

bool intact(const char* guard) {
  static const std::array<char, kGuard> untouched = [] {
    std::array<char, kGuard> bytes;
    bytes.fill(char(kSentinel));
    return bytes;
  }();
  return std::memcmp(guard, untouched.data(), kGuard) == 0;
}

}  // namespace

void poison(std::span<char> memory) {
  std::memset(memory.data(), kPoison, memory.size());
}

bool guards_intact() {
  const std::lock_guard lock(mutex);
  bool good = true;
  for (const auto& [start, block] : blocks) {
    for (char* guard : {start - kGuard, start + block.bytes}) {
      if (intact(guard)) continue;
      good = false;
      std::memset(guard, kSentinel, kGuard);
    }
  }
  return good;
}

}  // namespace voxgrad::emulation

using namespace voxgrad::emulation;

cudaError_t cudaMalloc(void** block, std::size_t bytes) {
  const std::lock_guard lock(mutex);
  if (bytes > kTotal - taken) return cudaErrorMemoryAllocation;
  char* whole = static_cast<char*>(std::aligned_alloc(256, (bytes + 255) / 256 * 256 + 2 * kGuard));
  if (whole == nullptr) return cudaErrorMemoryAllocation;
  std::memset(whole, kSentinel, kGuard);
  poison({whole + kGuard, bytes});
  std::memset(whole + kGuard + bytes, kSentinel, kGuard);
  *block = whole + kGuard;
  blocks[whole + kGuard] = {bytes, chosen_device()};
  taken += bytes;
  return cudaSuccess;
}

cudaError_t cudaFree(void* block) {
  if (capturing()) return cudaErrorStreamCaptureUnsupported;
  const cudaError_t earlier = finish_everything();
  const bool good = guards_intact();
  const std::lock_guard lock(mutex);
  const auto found = blocks.find(static_cast<char*>(block));
  if (found == blocks.end()) return cudaErrorInvalidValue;
  taken -= found->second.bytes;
  std::free(found->first - kGuard);
  blocks.erase(found);
  if (earlier != cudaSuccess) return earlier;
  return good ? cudaSuccess : cudaErrorIllegalAddress;
}

cudaError_t cudaDeviceReset() {
  const std::lock_guard lock(mutex);
  std::size_t leaked = 0, bytes = 0;
  for (const auto& [start, block] : blocks) {
    if (block.device != chosen_device()) continue;
    ++leaked;
    bytes += block.bytes;
  }
  if (leaked == 0) return cudaSuccess;
  std::fprintf(stderr, "emulated CUDA: %zu blocks of %zu bytes in total were never freed\n", leaked,
               bytes);
  return cudaErrorInvalidValue;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const std::lock_guard lock(mutex);
  *free = kTotal - taken;
  *total = kTotal;
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  return enqueue(stream, [=] {
    std::memmove(to, from, bytes);
    return guards_intact() ? cudaSuccess : cudaErrorIllegalAddress;
  });
}

cudaError_t cudaMemcpyPeerAsync(void* to, int, const void* from, int, std::size_t bytes,
                                cudaStream_t stream) {
  return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream);
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  return enqueue(stream, [=] {
    std::memset(to, value, bytes);
    return guards_intact() ? cudaSuccess : cudaErrorIllegalAddress;
  });
}
