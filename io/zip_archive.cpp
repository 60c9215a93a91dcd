#include "io/zip_archive.h"

#include <zip.h>

#include <mutex>

#include "tensor/error.h"

namespace voxgrad {

struct ZipArchive::Handle {
  zip_t* zip = nullptr;
  std::mutex mutex;  // libzip's handles are for one thread at a time
  ~Handle() {
    if (zip) zip_discard(zip);
  }
};

ZipArchive::ZipArchive(const std::filesystem::path& file)
    : handle_(std::make_unique<Handle>()), file_(file.string()) {
  check(std::filesystem::is_regular_file(file), "[zip] ", file_, ": no such file");
  int code = 0;
  handle_->zip = zip_open(file_.c_str(), ZIP_RDONLY, &code);
  if (handle_->zip == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    fail("[zip] ", file_, ": ", reason);
  }
}

ZipArchive::~ZipArchive() = default;

std::vector<std::string> ZipArchive::names() const {
  const std::lock_guard lock(handle_->mutex);
  std::vector<std::string> result;
  const zip_int64_t count = zip_get_num_entries(handle_->zip, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* const name = zip_get_name(handle_->zip, zip_uint64_t(i), 0);
    check(name != nullptr, "[zip] ", file_, ": entry ", i, " has no name");
    result.emplace_back(name);
  }
  return result;
}

std::optional<std::vector<std::uint8_t>> ZipArchive::read(const std::string& name,
                                                          std::size_t max_bytes) const {
  const std::lock_guard lock(handle_->mutex);
  zip_int64_t index = zip_name_locate(handle_->zip, name.c_str(), 0);
  if (index < 0) index = zip_name_locate(handle_->zip, name.c_str(), ZIP_FL_NOCASE);
  if (index < 0) return std::nullopt;

  zip_stat_t stat;
  zip_stat_init(&stat);
  constexpr zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
  check(zip_stat_index(handle_->zip, zip_uint64_t(index), 0, &stat) == 0 &&
            (stat.valid & needed) == needed,
        "[zip] ", file_, ": entry '", name, "' is damaged");
  check(stat.size <= max_bytes, "[zip] ", file_, ": entry '", name, "' has ", stat.size,
        " bytes, the limit is ", max_bytes);
  check(stat.size / 1000 <= stat.comp_size, "[zip] ", file_, ": entry '", name,
        "' is packed more than 1000 to 1; refused");

  std::vector<std::uint8_t> bytes(stat.size);
  zip_file_t* entry = zip_fopen_index(handle_->zip, zip_uint64_t(index), 0);
  check(entry != nullptr, "[zip] ", file_, ": entry '", name, "': ", zip_strerror(handle_->zip));
  std::size_t filled = 0;
  zip_int64_t got = 1;
  while (filled < bytes.size() && got > 0) {
    got = zip_fread(entry, bytes.data() + filled, bytes.size() - filled);
    if (got > 0) filled += std::size_t(got);
  }
  // Reading past the end makes libzip compare the checksum.
  std::uint8_t end;
  const bool whole = filled == bytes.size() && zip_fread(entry, &end, 1) == 0;
  const bool closed = zip_fclose(entry) == 0;
  check(whole && closed, "[zip] ", file_, ": entry '", name, "' is damaged");
  return bytes;
}

}  // namespace voxgrad
