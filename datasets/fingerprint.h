// What a split of a data set is, in a few words, so that a resumed run notices another one.
#pragma once

#include <string>

namespace voxgrad {

class Dataset;

struct DatasetFingerprint {
  /// Number of objects, and a hash of their categories, ids and numbers of views, in order.
  std::string objects;
  /// A hash of the volumes and first pictures of up to 8 objects, spread over the split. One that
  /// cannot be read counts as such.
  std::string contents;
  bool operator==(const DatasetFingerprint&) const = default;
};

DatasetFingerprint fingerprint(const Dataset& dataset);

}  // namespace voxgrad
