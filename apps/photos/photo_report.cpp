#include "apps/photos/photo_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace voxgrad::apps {

std::string explanation(const std::string& file, const PreparedPhoto& photo) {
  const auto object =
      std::ranges::count_if(photo.mask.pixels, [](std::uint8_t v) { return v != 0; });
  const double share = double(object) / double(std::max<std::size_t>(1, photo.mask.pixels.size()));
  std::string text =
      photo.cut_out == CutOut::none
          ? fmt::format("{}: the object was not cut out\n", file)
          : fmt::format("{}: the object was found by {}, on {:.0f}% of the picture\n", file,
                        words_of(photo.cut_out), 100 * share);
  text += photo.reframed ? "  it was centred and scaled as in the training pictures\n"
                         : "  the network sees the picture as it is framed\n";
  if (photo.findings.empty()) text += "  nothing is wrong with the picture\n";
  for (const Finding& finding : photo.findings)
    text += fmt::format("  {}{}: {}\n", name_of(finding.fault),
                        finding.mended ? " (made up for)" : "", finding.text);
  return text;
}

nlohmann::ordered_json json_of(const std::string& file, const PreparedPhoto& photo) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const Finding& finding : photo.findings)
    findings.push_back(
        {{"fault", name_of(finding.fault)}, {"text", finding.text}, {"mended", finding.mended}});
  return {{"picture", file},
          {"found_by", words_of(photo.cut_out)},
          {"reframed", photo.reframed},
          {"findings", findings}};
}

}  // namespace voxgrad::apps
