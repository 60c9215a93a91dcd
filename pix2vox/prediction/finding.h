// What makes a photo hard to read for the network, with advice.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace voxgrad {

enum class Fault {
  no_plain_background,  // neither alpha nor a plain background tells where the object is
  no_object,            // nothing but background
  dark_background,
  tiny,
  cut_off,
  off_centre,
  several,  // more than one object
  blurred,
  squeezed,     // far from square, or its proportions were changed
  orientation,  // on its side or upside down
  unknown_kind  // not like what the model was trained on
};

/// "cut-off": one word for programs, the same in every version.
std::string_view name_of(Fault fault);

struct Finding {
  Fault fault;
  std::string text;  // what was seen, and what to do
  /// True: the preparation of the photo has made up for it, so that nothing has to be done.
  bool mended = false;
};

bool has_fault(const std::vector<Finding>& findings, Fault fault);

}  // namespace voxgrad
