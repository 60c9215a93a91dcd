#include "datasets/build/build_journal.h"

#include <string_view>
#include <vector>

#include "io/file.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

constexpr std::size_t max_bytes = std::size_t{64} << 20;

}  // namespace

BuildJournal::BuildJournal(const std::filesystem::path& folder, const std::string& description,
                           bool resume)
    : path_(folder / file_name) {
  if (resume) {
    read(description);
  } else {
    const std::string line = description + "\n";
    write_file_atomically(path_, {reinterpret_cast<const std::uint8_t*>(line.data()), line.size()});
  }
  file_.reset(std::fopen(path_.c_str(), "ab"));
  check(file_ != nullptr, "[build] ", path_.string(), " cannot be written");
}

void BuildJournal::read(const std::string& description) {
  const std::vector<std::uint8_t> bytes = read_file(path_, max_bytes);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  // A last line without end was being written when the build stopped.
  text = text.substr(0, text.rfind('\n') + 1);
  std::size_t end = text.find('\n');
  check<ConfigError>(end != std::string_view::npos && text.substr(0, end) == description,
                     "[build] the build in ", path_.parent_path().string(), " was begun with '",
                     text.substr(0, end), "', now it is '", description,
                     "'; use the same options, or --overwrite");
  for (text.remove_prefix(end + 1); !text.empty(); text.remove_prefix(end + 1)) {
    end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    done_.emplace(line.substr(0, tab), line.substr(tab + 1));
  }
  std::filesystem::resize_file(
      path_, std::size_t(text.data() - reinterpret_cast<const char*>(bytes.data())));
}

void BuildJournal::add(const Object& object) {
  const std::string line = object.first + "\t" + object.second + "\n";
  const bool written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
                       std::fflush(file_.get()) == 0;
  check(written, "[build] ", path_.string(), " cannot be written; is the disk full?");
}

void BuildJournal::remove() {
  file_.reset();
  std::filesystem::remove(path_);
}

}  // namespace voxgrad
