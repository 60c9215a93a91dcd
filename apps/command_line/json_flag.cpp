#include "apps/command_line/json_flag.h"

#include <filesystem>
#include <iostream>

#include "io/file.h"
#include "tensor/error.h"

namespace voxgrad::apps {

void JsonFlag::add(Verb& verb) {
  verb.add_option("--json", path_, "Write the results as JSON; - is standard output")
      ->type_name("FILE");
}

void JsonFlag::check_writable() const {
  namespace fs = std::filesystem;
  if (path_.empty() || path_ == "-") return;
  const fs::path file = path_;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  check<ConfigError>(fs::is_directory(folder), "--json ", path_, ": there is no folder ",
                     folder.string());
  check<ConfigError>(file.has_filename() && !fs::is_directory(file), "--json ", path_,
                     " is a folder: give the name of a file");
}

void JsonFlag::write(const std::string& document) const {
  if (path_.empty()) return;
  const std::string text = document.ends_with('\n') ? document : document + '\n';
  if (path_ == "-")
    std::cout << text;
  else
    write_file_atomically(path_, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace voxgrad::apps
