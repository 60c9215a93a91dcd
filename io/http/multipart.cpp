// multipart/form-data (RFC 7578), as browsers and curl -F send it.
#include <algorithm>
#include <cctype>

#include "io/http/message.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The value of name="value" or name=value after a ";"; "" without it.
std::string attribute(std::string_view header, std::string_view name) {
  std::size_t at = 0;
  while ((at = header.find(name, at)) != std::string_view::npos) {
    const bool begins = at > 0 && (header[at - 1] == ';' || header[at - 1] == ' ');
    at += name.size();
    if (!begins || at >= header.size() || header[at] != '=') continue;
    const std::string_view value = header.substr(at + 1);
    if (!value.starts_with('"')) return std::string(value.substr(0, value.find(';')));
    return std::string(value.substr(1, value.find('"', 1) - 1));
  }
  return "";
}

bool same_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

std::vector<FormPart> form_parts(const HttpRequest& request, std::size_t max_parts) {
  constexpr std::string_view kind = "multipart/form-data";
  const std::string_view type = request.header("content-type");
  check(type.size() >= kind.size() && same_letters(type.substr(0, kind.size()), kind),
        "the body is no multipart/form-data");
  const std::string boundary = attribute(type, "boundary");
  check(!boundary.empty() && boundary.size() <= 70, "the form's boundary has ", boundary.size(),
        " characters, it may have 1 to 70");
  const std::string_view body = text_of(request.body);
  const std::string mark = "--" + boundary, separator = "\r\n" + mark;
  std::size_t at = body.starts_with(mark) ? mark.size() : body.find(separator);
  check(at != std::string_view::npos, "the form has no part");
  if (at != mark.size()) at += separator.size();

  std::vector<FormPart> parts;
  while (!body.substr(at).starts_with("--")) {
    check(body.substr(at).starts_with("\r\n"), "the form's boundary is followed by something else");
    at += 2;
    // The blank line that ends the headers may be the first one.
    const std::size_t head_end =
        body.substr(at).starts_with("\r\n") ? at - 2 : body.find("\r\n\r\n", at);
    check(head_end != std::string_view::npos && head_end + 4 <= body.size(),
          "a part of the form has no end of its headers");
    const std::size_t begin = head_end + 4, end = body.find(separator, begin - 2);
    check(end != std::string_view::npos, "a part of the form has no end");
    check(parts.size() < max_parts, "the form has more than ", max_parts, " parts");
    FormPart part;
    std::string_view head = head_end > at ? body.substr(at, head_end - at) : std::string_view();
    while (!head.empty()) {
      const std::string_view line = head.substr(0, head.find("\r\n"));
      head.remove_prefix(std::min(head.size(), line.size() + 2));
      constexpr std::string_view disposition = "content-disposition:";
      if (line.size() < disposition.size() ||
          !same_letters(line.substr(0, disposition.size()), disposition))
        continue;
      part.name = attribute(line, "name");
      part.filename = attribute(line, "filename");
    }
    if (end >= begin) part.data = std::span(request.body).subspan(begin, end - begin);
    parts.push_back(std::move(part));
    at = end + separator.size();
  }
  return parts;
}

}  // namespace voxgrad
