// The CPU does everything at once, so there is nothing to wait for.
#include <cstdlib>
#include <cstring>

#include "cpu/kernels.h"
#include "tensor/error.h"

namespace voxgrad::cpu {
namespace {

[[noreturn]] void no_recording() {
  fail<DeviceError>(
      "[recording] the CPU does not record work; ask CapturedGraph::supported() first");
}

}  // namespace

const StreamOps stream_ops{
    [](std::size_t bytes, int) {
      void* block = std::malloc(bytes > 0 ? bytes : 1);
      check<DeviceError>(block != nullptr, "[memory] cannot allocate ", bytes,
                         " bytes on the host");
      return block;
    },
    [](void* block, int) { std::free(block); },
    [](void* to, const void* from, std::size_t bytes, int) { std::memcpy(to, from, bytes); },
    [](void* to, const void* from, std::size_t bytes, void*, int) -> void* {
      std::memcpy(to, from, bytes);
      return nullptr;
    },
    [](int) -> void* { return nullptr; },
    [](void*, int) {},
    [](void*, int) {},
    [](int) { return false; },
    [](int) { no_recording(); },
    [](bool, int) -> void* { no_recording(); },
    [](void*, int) { no_recording(); },
    [](void*, int) { no_recording(); },
};

}  // namespace voxgrad::cpu
