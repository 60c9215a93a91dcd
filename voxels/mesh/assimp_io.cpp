#include "voxels/mesh/assimp_io.h"

#include <algorithm>
#include <cstring>

#include "tensor/error.h"
#include "voxels/mesh/assimp_cleaning.h"
#include "voxels/mesh/mesh_text.h"

namespace voxgrad {
namespace {

class MemoryStream : public Assimp::IOStream {
 public:
  explicit MemoryStream(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

  std::size_t Read(void* buffer, std::size_t size, std::size_t count) override {
    if (size == 0) return 0;
    const std::size_t whole = std::min(count, (bytes_.size() - position_) / size);
    if (whole > 0) std::memcpy(buffer, bytes_.data() + position_, whole * size);
    position_ += whole * size;
    return whole;
  }
  std::size_t Write(const void*, std::size_t, std::size_t) override { return 0; }
  aiReturn Seek(std::size_t offset, aiOrigin origin) override {
    const std::size_t base = origin == aiOrigin_SET   ? 0
                             : origin == aiOrigin_CUR ? position_
                                                      : bytes_.size();
    const std::size_t target = base + offset;  // offsets back from the end wrap around to below it
    if (target > bytes_.size()) return aiReturn_FAILURE;
    position_ = target;
    return aiReturn_SUCCESS;
  }
  std::size_t Tell() const override { return position_; }
  std::size_t FileSize() const override { return bytes_.size(); }
  void Flush() override {}

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t position_ = 0;
};

}  // namespace

// URIs may be percent-encoded ("my%20mesh.bin"), or hold a percent sign of their own.
std::optional<std::vector<std::uint8_t>> LookupIo::find(const char* path) const {
  auto bytes = lookup_(tidy_path(path));
  if (!bytes) bytes = lookup_(tidy_path(percent_decoded(path)));
  return bytes;
}

bool LookupIo::Exists(const char* path) const {
  try {
    return find(path).has_value();
  } catch (const Error&) {
    return true;  // Open will say what is wrong with it
  }
}

Assimp::IOStream* LookupIo::Open(const char* path, const char* mode) {
  if (mode == nullptr || mode[0] != 'r') return nullptr;
  try {
    auto bytes = find(path);
    if (!bytes) return nullptr;
    check(bytes->size() <= bytes_left_, path, ": the mesh's files pass the limit of ",
          max_mesh_file_bytes >> 20, " MiB");
    bytes_left_ -= bytes->size();
    return new MemoryStream(std::move(*bytes));
  } catch (const Error& error) {
    problem_ = error.what();
    return nullptr;
  }
}

}  // namespace voxgrad
