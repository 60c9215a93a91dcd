// How many objects (pictures, for sets of photos) the published splits have, from the lists of
// Pix2Vox and the pages of the sets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace voxgrad {

struct PublishedCount {
  std::string category;  // its taxonomy id; "*": of the whole set
  std::int64_t train = 0, val = 0, test = 0;
};

/// For a set of this kind (datasets/open.h) with these categories; empty if none is published.
std::vector<PublishedCount> published_counts(const std::string& kind,
                                             const std::vector<std::string>& categories);

}  // namespace voxgrad
