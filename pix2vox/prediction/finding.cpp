#include "pix2vox/prediction/finding.h"

#include <algorithm>

namespace voxgrad {

std::string_view name_of(Fault fault) {
  switch (fault) {
    case Fault::no_plain_background:
      return "no-plain-background";
    case Fault::no_object:
      return "no-object";
    case Fault::dark_background:
      return "dark-background";
    case Fault::tiny:
      return "tiny";
    case Fault::cut_off:
      return "cut-off";
    case Fault::off_centre:
      return "off-centre";
    case Fault::several:
      return "several-objects";
    case Fault::blurred:
      return "blurred";
    case Fault::squeezed:
      return "squeezed";
    case Fault::orientation:
      return "orientation";
    case Fault::unknown_kind:
      return "unknown-kind";
  }
  return "unknown";
}

bool has_fault(const std::vector<Finding>& findings, Fault fault) {
  return std::ranges::find(findings, fault, &Finding::fault) != findings.end();
}

}  // namespace voxgrad
