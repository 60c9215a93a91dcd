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

const StreamOps& stream_ops() {
  static const StreamOps ops{
      .allocate_host =
          [](std::size_t bytes, int) {
            void* block = std::malloc(bytes > 0 ? bytes : 1);
            check<DeviceError>(block != nullptr, "[memory] cannot allocate ", bytes,
                               " bytes on the host");
            return block;
          },
      .release_host = [](void* block, int) { std::free(block); },
      .copy = [](void* to, const void* from, std::size_t bytes,
                 int) { std::memcpy(to, from, bytes); },
      .upload = [](void* to, const void* from, std::size_t bytes, void*, int) -> void* {
        std::memcpy(to, from, bytes);
        return nullptr;
      },
      .record_event = [](int) -> void* { return nullptr; },
      .wait_event = [](void*, int) {},
      .destroy_event = [](void*, int) {},
      .can_record = [](int) { return false; },
      .begin_recording = [](int) { no_recording(); },
      .end_recording = [](bool, int) -> void* { no_recording(); },
      .replay = [](void*, int) { no_recording(); },
      .drop_recording = [](void*, int) { no_recording(); },
  };
  return ops;
}

}  // namespace voxgrad::cpu
