// What `dataset check` says of a set as a whole, once all of its objects were looked at.
#pragma once

#include <string>
#include <vector>

#include "datasets/check/check.h"
#include "tensor/error.h"

namespace voxgrad {

/// One object and where it is listed.
struct ObjectCheck {
  ObjectInfo info;
  std::size_t split = 0;
  std::int64_t place = 0;  // in its split's data set; -1: its files are not there
  ObjectFindings found;
  bool done = false;

  std::string name() const {
    return concat(DatasetReport::split_names[split], "/", info.taxonomy_id, "/", info.object_id);
  }
};

/// Adds to the report: objects unlike most (number and size of pictures, side of the volume, which
/// is bad), counts other than the published ones, duplicates in two splits, axes that seem to be
/// exchanged.
void note_whole_set(const std::string& kind, const std::vector<ObjectCheck>& objects,
                    DatasetReport& report);

}  // namespace voxgrad
