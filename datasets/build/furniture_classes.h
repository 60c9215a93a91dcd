// Which class of a training set an entry of a furniture catalogue belongs to, by the words of its
// English name.
#pragma once

#include <optional>
#include <string>

namespace voxgrad {

/// For example "chair" for "Rattan armchair". Nothing for what does not stand alone or forms no
/// class: doors, people, crockery, plugs, plants.
std::optional<std::string> furniture_class(const std::string& catalogue_category,
                                           const std::string& name);

}  // namespace voxgrad
