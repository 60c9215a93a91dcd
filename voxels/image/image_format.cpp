// What a file is that cannot be read as a picture, by its first bytes.
#include <algorithm>
#include <string_view>

#include "voxels/image/codecs.h"

namespace voxgrad {
namespace {

using std::string_view_literals::operator""sv;

struct Format {
  std::string_view magic;
  std::size_t offset;
  const char* name;
};

constexpr Format formats[]{
    {"GIF8"sv, 0, "a GIF picture of an unknown version"},
    {"WEBP"sv, 8, "a WebP picture"},
    {"ftypcrx"sv, 4, "a raw photo (Canon CR3)"},
    {"FUJIFILMCCD-RAW"sv, 0, "a raw photo (Fuji RAF)"},
    {"\0\0\0\x0cjP  "sv, 0, "a JPEG 2000 picture"},
    {"\xff\x4f\xff\x51"sv, 0, "a JPEG 2000 picture"},
    {"\0\0\0\x0cJXL "sv, 0, "a JPEG XL picture"},
    {"\xff\x0a"sv, 0, "a JPEG XL picture"},
    {"II\x2a\0"sv, 0, "a TIFF picture or a raw photo"},
    {"MM\0\x2a"sv, 0, "a TIFF picture or a raw photo"},
    {"IIU\0"sv, 0, "a raw photo (Panasonic RW2)"},
    {"8BPS"sv, 0, "a Photoshop file"},
    {"gimp xcf"sv, 0, "a GIMP file"},
    {"v/1\x01"sv, 0, "an OpenEXR picture"},
    {"#?RADIANCE"sv, 0, "a Radiance HDR picture"},
    {"DDS "sv, 0, "a DDS texture"},
    {"qoif"sv, 0, "a QOI picture"},
    {"\0\0\x01\0"sv, 0, "a Windows icon"},
    {"\x8aMNG\r\n\x1a\n"sv, 0, "an MNG animation"},
    {"\x8bJNG\r\n\x1a\n"sv, 0, "a JNG picture"},
    {"%PDF"sv, 0, "a PDF document"},
    {"PK\x03\x04"sv, 0, "a ZIP archive or office document"},
};

bool is_netpbm(std::string_view text) {
  return text.size() > 2 && text[0] == 'P' && text[1] >= '1' && text[1] <= '7' &&
         (text[2] == '\n' || text[2] == ' ' || text[2] == '\r' || text[2] == '\t');
}

/// Bytes of text before a signature, or none.
std::string_view trimmed(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

bool starts_like(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? char(b + 'a' - 'A') : b);
         });
}

constexpr const char* convert =
    ": neither a PNG nor a JPEG nor another format that is read. Convert it to PNG, by opening it "
    "in "
    "a picture viewer and exporting it, or with ImageMagick: convert FILE picture.png";

}  // namespace

std::string explain_format(std::span<const std::uint8_t> bytes) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto has = [&](const Format& format) {
    return all.size() >= format.offset && all.substr(format.offset).starts_with(format.magic);
  };
  if (all.starts_with("\x89PNG") || all.starts_with("PNG\r\n\x1a"sv))
    return "a PNG whose first bytes were changed, as by a transfer in text mode: neither a PNG nor "
           "a JPEG any more. Copy it again as a binary file";
  const auto format = std::ranges::find_if(formats, has);
  if (format != std::end(formats)) return concat(format->name, convert);
  if (is_netpbm(all))
    return concat("a Netpbm picture of kind ", all.substr(0, 2), " (P5 and P6 are read)", convert);
  if (all.starts_with("BM") && all.size() > 14 && all.substr(6, 4) == "\0\0\0\0"sv)
    return concat("a BMP picture", convert);
  const std::string_view text = trimmed(all.substr(0, 1000));
  if (text.starts_with("version https://git-lfs"))
    return "a Git LFS pointer, neither a PNG nor a JPEG: fetch the picture with git lfs pull";
  if (starts_like(text, "<svg") || text.find("<svg") != std::string_view::npos)
    return concat("an SVG drawing", convert);
  if (starts_like(text, "<!doctype html") || starts_like(text, "<html"))
    return "a web page, neither a PNG nor a JPEG: download the picture itself";
  return "neither a PNG nor a JPEG nor another format that is read (BMP, GIF, TGA, PNM, WebP, "
         "HEIC, "
         "AVIF): convert it to PNG";
}

}  // namespace voxgrad
