#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "tensor/error.h"

namespace voxgrad {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail_errno(const fs::path& file, const char* what) {
  const int code = errno;
  fail(file.string(), ": ", what, ": ", std::strerror(code));
}

constexpr const char* temporary_prefix = ".voxgrad-";
constexpr const char* temporary_suffix = ".tmp";

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  int close() { return fd_ < 0 ? 0 : ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

/// Removes a temporary file unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(fs::path path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  void renamed() { path_.clear(); }

 private:
  fs::path path_;
};

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

/// Unique within this machine; short, so that a long file name still fits.
fs::path temporary_path(const fs::path& file) {
  static std::atomic<unsigned> counter{0};
  const std::string name = concat(temporary_prefix, ::getpid(), "-", counter.fetch_add(1),
                                  file.extension().string(), temporary_suffix);
  return folder_of(file) / name;
}

/// True for the temporary file of another program that is still running. One with our own number is
/// left over: in a container every run may have the same one.
bool in_use(std::string_view name) {
  name.remove_prefix(std::string_view(temporary_prefix).size());
  pid_t process = 0;
  std::from_chars(name.data(), name.data() + name.size(), process);
  return process > 0 && process != ::getpid() && (::kill(process, 0) == 0 || errno == EPERM);
}

void write_all(int fd, std::span<const std::uint8_t> bytes, const fs::path& file) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_errno(file, "cannot write");
    bytes = bytes.subspan(std::size_t(written));
  }
}

void sync_folder(const fs::path& file) {
  const Descriptor folder(::open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some network file systems cannot sync a folder and say EINVAL; the file itself is safe.
  if (folder.get() < 0 || (::fsync(folder.get()) != 0 && errno != EINVAL)) {
    fail_errno(file, "cannot sync its folder");
  }
}

}  // namespace

std::vector<std::uint8_t> read_file(const fs::path& file, std::size_t max_bytes) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) fail_errno(file, "cannot open");
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) fail_errno(file, "cannot read");
  check(!S_ISDIR(status.st_mode), file.string(), ": is a folder, not a file");

  // The size is only a first guess: it may change while we read, and pipes have none.
  const auto guess = std::size_t(std::max<off_t>(status.st_size, 0));
  check(guess <= max_bytes, file.string(), ": has ", guess, " bytes, the limit is ", max_bytes);
  std::vector<std::uint8_t> bytes(guess + 1);
  std::size_t used = 0;
  while (true) {
    const ssize_t got = ::read(descriptor.get(), bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno(file, "cannot read");
    if (got == 0) break;
    used += std::size_t(got);
    check(used <= max_bytes, file.string(), ": has more than ", max_bytes, " bytes, the limit");
    if (used == bytes.size()) bytes.resize(std::max<std::size_t>(2 * used, 65536));
  }
  bytes.resize(used);
  return bytes;
}

void write_file_atomically(const fs::path& file, std::span<const std::uint8_t> bytes) {
  check(file.has_filename(), file.string(), ": cannot write: this is no file name");
  check(!fs::is_directory(file), file.string(), ": cannot write: this is a folder");
  check(fs::is_directory(folder_of(file)), file.string(), ": cannot write: the folder ",
        folder_of(file).string(), " does not exist");
  const fs::path path = temporary_path(file);
  Descriptor descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (descriptor.get() < 0) fail_errno(path, "cannot create");
  TemporaryFile temporary(path);
  write_all(descriptor.get(), bytes, file);
  if (::fsync(descriptor.get()) != 0) fail_errno(file, "cannot sync to disk");
  if (descriptor.close() != 0) fail_errno(file, "cannot write");
  rename_file(path, file);
  temporary.renamed();
}

void remove_leftovers(const fs::path& folder) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(temporary_prefix) && name.ends_with(temporary_suffix) && !in_use(name))
      fs::remove(entry.path(), error);
  }
}

void sync_file(const fs::path& file) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0 || ::fsync(descriptor.get()) != 0)
    fail_errno(file, "cannot sync to disk");
}

void rename_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail_errno(to, "cannot rename to this name");
  sync_folder(to);
}

}  // namespace voxgrad
