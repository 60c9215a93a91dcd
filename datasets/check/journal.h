// What `dataset check` has found of each object, kept in a file, so that a check of many objects
// that was interrupted continues where it stopped.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace voxgrad {

/// What is wrong with one file.
struct FileProblem {
  std::string path, message;
};

/// One object's. Hashes are 0 where there was nothing to hash.
struct ObjectFindings {
  bool complete = false;  // volume and at least one view are there
  std::int64_t views = 0;
  int resolution = 0;  // 0: the volume cannot be read
  std::uint64_t volume_hash = 0, picture_hash = 0;
  std::array<double, 3> mirror{};  // mirror_iou along x, y, z
  std::string picture_kind;        // of the first view: "137x137x4"
  std::vector<std::string> missing, notes;
  std::vector<FileProblem> bad;
};

class CheckJournal {
 public:
  /// `file` empty: nothing is kept. `what` names the data set and how it is checked; a journal of
  /// something else is begun anew. What the file's last writing cut off is passed over.
  CheckJournal(const std::filesystem::path& file, const std::string& what);

  /// Null if the object is yet to be checked.
  const ObjectFindings* find(const std::string& object) const;
  /// Error if it cannot be written.
  void add(const std::string& object, const ObjectFindings& findings);
  std::int64_t known() const { return std::int64_t(known_.size()); }

 private:
  std::filesystem::path file_;
  std::ofstream out_;
  std::map<std::string, ObjectFindings> known_;
};

}  // namespace voxgrad
