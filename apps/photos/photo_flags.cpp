#include "apps/photos/photo_flags.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "io/plural.h"
#include "tensor/error.h"

namespace voxgrad::apps {
namespace {

using Color = std::array<std::uint8_t, 3>;

/// Whole numbers between commas; nothing if that is not what the text is.
std::optional<std::vector<int>> numbers_in(const std::string& text) {
  std::vector<int> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    int value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc()) return {};
    numbers.push_back(value);
    if (next == end) return numbers;
    if (*next != ',') return {};
    at = next + 1;
  }
}

std::optional<Color> color_in(const std::string& text) {
  static const std::map<std::string, Color> names{
      {"white", {255, 255, 255}}, {"black", {0, 0, 0}},  {"grey", {128, 128, 128}},
      {"gray", {128, 128, 128}},  {"red", {255, 0, 0}},  {"green", {0, 128, 0}},
      {"blue", {0, 0, 255}},      {"lime", {0, 255, 0}}, {"magenta", {255, 0, 255}}};
  if (const auto found = names.find(text); found != names.end()) return found->second;
  if (text.size() == 7 && text.front() == '#') {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + 7, value, 16);
    if (error == std::errc() && end == text.data() + 7)
      return Color{std::uint8_t(value >> 16), std::uint8_t(value >> 8 & 255),
                   std::uint8_t(value & 255)};
    return {};
  }
  const auto numbers = numbers_in(text);
  if (!numbers || numbers->size() != 3) return {};
  Color color{};
  for (std::size_t c = 0; c < 3; ++c) {
    const int value = (*numbers)[c];
    if (value < 0 || value > 255) return {};
    color[c] = std::uint8_t(value);
  }
  return color;
}

Color required_color(const std::string& text) {
  const std::optional<Color> color = color_in(text);
  check<ConfigError>(color.has_value(),
                     "--background is auto, none or a colour, such as white, '#f0f0f0' or "
                     "240,240,240, not '",
                     text, "'");
  return *color;
}

PixelBox required_box(const std::string& text) {
  const auto numbers = numbers_in(text);
  check<ConfigError>(numbers && numbers->size() == 4,
                     "--box is left,top,width,height in pixels, such as "
                     "120,80,400,600, not '",
                     text, "'");
  return {(*numbers)[0], (*numbers)[1], (*numbers)[2], (*numbers)[3]};
}

bool names_a_color(const std::string& background) {
  return background != "auto" && background != "none";
}

}  // namespace

void PhotoFlags::add(Verb& verb) {
  verb.add_option(
          "--background", background,
          "How the object is told from what is around it. auto: by alpha, a plain "
          "background, or GrabCut; none: by alpha alone; or the background's colour: a name, "
          "#rrggbb or r,g,b")
      ->type_name("auto|none|COLOUR")
      ->capture_default_str();
  verb.add_option("--crop", crop,
                  "Whether the object is centred and scaled as in the training pictures. auto: "
                  "where it has to be")
      ->type_name("auto|always|never")
      ->one_of({"auto", "always", "never"})
      ->capture_default_str();
  verb.add_option("--box", box,
                  "The object is inside: left,top,width,height in pixels of the picture")
      ->type_name("X,Y,W,H");
  verb.add_option("--mask", masks,
                  "Picture that is light, or opaque, where the object is; one per picture, in the "
                  "same order")
      ->type_name("FILE")
      ->repeatable();
  verb.add_flag("--save-input", save_input,
                "Also write the picture, the object's mask and what the network saw, side by side");
  verb.add_flag("--explain", explain, "Say all that was found out about each picture, with advice");
}

void PhotoFlags::check_values(std::size_t pictures) const {
  if (names_a_color(background)) required_color(background);
  if (!box.empty()) {
    const PixelBox asked = required_box(box);
    check<ConfigError>(asked.left >= 0 && asked.top >= 0 && asked.width >= 1 && asked.height >= 1,
                       "--box ", box,
                       " is empty or begins outside the picture: it is left,top,width,height, "
                       "counted from the upper left corner");
    check<ConfigError>(pictures == 1, "--box is for one picture, and there are ", pictures,
                       ": predict them one by one, or give each a --mask");
    check<ConfigError>(masks.empty(),
                       "--box and --mask both say where the object is: give one of them");
    check<ConfigError>(background != "none",
                       "--box says where to look for the object, and --background none not to "
                       "look for it: give one of them");
  }
  check<ConfigError>(masks.empty() || masks.size() == pictures, counted(masks.size(), "--mask"),
                     " for ", counted(pictures, "picture"), ": give one per picture");
  check<ConfigError>(masks.empty() || background == "auto",
                     "--mask says what the background is: leave --background ", background, " out");
}

PhotoOptions PhotoFlags::options(std::size_t picture) const {
  PhotoOptions options;
  if (background == "none")
    options.background = PhotoOptions::Background::none;
  else if (background != "auto") {
    options.background = PhotoOptions::Background::color;
    options.color = required_color(background);
  }
  if (crop == "always") options.crop = PhotoOptions::Crop::always;
  if (crop == "never") options.crop = PhotoOptions::Crop::never;
  if (!box.empty()) options.box = required_box(box);
  if (!masks.empty()) options.mask = read_image(masks.at(picture));
  return options;
}

}  // namespace voxgrad::apps
