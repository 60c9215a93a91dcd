#include "io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tensor/error.h"

namespace voxgrad {

MappedFile::MappedFile(const std::filesystem::path& file)
    : file_(file), descriptor_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status {};
  const bool opened = descriptor_ >= 0 && ::fstat(descriptor_, &status) == 0;
  const std::string reason = opened ? "" : std::strerror(errno);
  const auto size = std::size_t(opened && S_ISREG(status.st_mode) ? status.st_size : 0);
  void* const address =
      size == 0 ? MAP_FAILED : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor_, 0);
  if (address == MAP_FAILED) {
    if (descriptor_ >= 0) ::close(descriptor_);
    fail(file.string(), ": cannot open: ", opened ? "empty, or not a file" : reason.c_str());
  }
  bytes_ = {static_cast<const std::uint8_t*>(address), size};
}

MappedFile::~MappedFile() {
  ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
  ::close(descriptor_);
}

void MappedFile::read(std::uint64_t offset, std::span<std::uint8_t> target) const {
  while (!target.empty()) {
    const ssize_t got = ::pread(descriptor_, target.data(), target.size(), off_t(offset));
    if (got < 0 && errno == EINTR) continue;
    check(got >= 0, file_.string(), ": cannot read: ", std::strerror(errno));
    check(got > 0, file_.string(), ": ends before byte ", offset, ": it has become shorter");
    target = target.subspan(std::size_t(got));
    offset += std::uint64_t(got);
  }
}

}  // namespace voxgrad
