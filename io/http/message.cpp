#include "io/http/message.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "tensor/error.h"

namespace voxgrad {
namespace {

constexpr std::string_view line_end = "\r\n";

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return char(std::tolower(c)); });
  return result;
}

std::string_view trimmed(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

/// The characters of a method or header name (RFC 9110, token).
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(char(c)) != std::string_view::npos;
  });
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 127; });
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      result += char(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      result += text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [own, value] : headers)
    if (own == name) return value;
  return {};
}

std::string HttpRequest::parameter(std::string_view name, const std::string& other) const {
  std::string result = other;
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (decoded(pair.substr(0, equals)) == name)
      result = equals == std::string_view::npos ? "" : decoded(pair.substr(equals + 1));
  }
  return result;
}

std::string to_bytes(const HttpResponse& response, bool keep_alive, bool head_only) {
  std::string text = concat("HTTP/1.1 ", response.status, " ", reason(response.status), line_end,
                            "Content-Type: ", response.content_type, line_end,
                            "Content-Length: ", response.body.size(), line_end,
                            "Connection: ", keep_alive ? "keep-alive" : "close", line_end);
  for (const auto& [name, value] : response.headers) text += concat(name, ": ", value, line_end);
  text += line_end;
  if (!head_only) text += response.body;
  return text;
}

void HttpReader::reset() {
  *this = HttpReader(limits_);
}

void HttpReader::fail(int status, std::string problem) {
  state_ = State::failed;
  status_ = status;
  problem_ = std::move(problem);
}

std::size_t HttpReader::feed(std::span<const std::uint8_t> bytes) {
  if (state_ == State::head) {
    const std::size_t before = head_.size();
    head_.append(reinterpret_cast<const char*>(bytes.data()),
                 std::min(bytes.size(), limits_.max_head + 4 - before));
    const std::size_t end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == std::string::npos) {
      if (head_.size() > limits_.max_head)
        fail(431, concat("request line and headers of more than ", limits_.max_head, " bytes"));
      return bytes.size();
    }
    head_.resize(end + 2);
    parse_head();
    return end + 4 - before;
  }
  if (state_ == State::body) {
    const std::size_t count = std::min(bytes.size(), content_length_ - request_.body.size());
    request_.body.insert(request_.body.end(), bytes.begin(), bytes.begin() + std::ptrdiff_t(count));
    if (request_.body.size() == content_length_) state_ = State::complete;
    return count;
  }
  return 0;
}

void HttpReader::parse_head() {
  std::string_view rest = head_;
  const auto next_line = [&] {
    const std::string_view line = rest.substr(0, rest.find(line_end));
    rest.remove_prefix(line.size() + 2);
    return line;
  };
  if (!parse_request_line(next_line())) return;
  while (!rest.empty())
    if (!parse_header(next_line())) return;
  if (parse_framing()) state_ = content_length_ > 0 ? State::body : State::complete;
}

bool HttpReader::parse_request_line(std::string_view line) {
  const std::size_t first = line.find(' '), second = line.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) {
    fail(400, "not a request line");
    return false;
  }
  const std::string_view method = line.substr(0, first), version = line.substr(second + 1),
                         target = line.substr(first + 1, second - first - 1);
  if (!is_token(method) || !is_printable(target) || !target.starts_with('/')) {
    fail(400, "not a request line");
    return false;
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    fail(version.starts_with("HTTP/") ? 505 : 400, "only HTTP/1.1 and 1.0 are spoken");
    return false;
  }
  const std::size_t question = target.find('?');
  request_.method = method;
  request_.path = target.substr(0, question);
  if (question != std::string_view::npos) request_.query = target.substr(question + 1);
  request_.keep_alive = version == "HTTP/1.1";
  return true;
}

bool HttpReader::parse_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view value =
      colon == std::string_view::npos ? "" : trimmed(line.substr(colon + 1));
  const bool clean =
      std::ranges::all_of(value, [](unsigned char c) { return c >= ' ' ? c != 127 : c == '\t'; });
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || !clean) {
    fail(400, "a header that is none");
    return false;
  }
  if (request_.headers.size() >= limits_.max_headers) {
    fail(431, concat("more than ", limits_.max_headers, " headers"));
    return false;
  }
  request_.headers.emplace_back(lower(line.substr(0, colon)), value);
  return true;
}

bool HttpReader::parse_framing() {
  const auto count = [&](std::string_view name) {
    return std::ranges::count(request_.headers, name,
                              [](const auto& h) { return std::string_view(h.first); });
  };
  for (const std::string_view name : {"host", "content-length", "transfer-encoding", "origin"})
    if (count(name) > 1) {
      fail(400, concat("more than one header ", name));
      return false;
    }
  if (count("transfer-encoding") > 0) {
    fail(count("content-length") > 0 ? 400 : 411, "send the body with Content-Length");
    return false;
  }
  if (count("content-length") > 0) {
    const std::string_view length = request_.header("content-length");
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), value);
    if (length.empty() || end != length.data() + length.size() ||
        (error != std::errc() && error != std::errc::result_out_of_range)) {
      fail(400, "Content-Length is no number");
      return false;
    }
    if (error != std::errc() || value > limits_.max_body) {
      fail(413, concat("a body of more than ", limits_.max_body, " bytes"));
      return false;
    }
    content_length_ = std::size_t(value);
  }
  const std::string connection = lower(request_.header("connection"));
  if (connection.find("close") != std::string::npos) request_.keep_alive = false;
  if (connection.find("keep-alive") != std::string::npos) request_.keep_alive = true;
  const std::string expect = lower(request_.header("expect"));
  if (!expect.empty() && expect != "100-continue") {
    fail(417, "only 100-continue can be expected");
    return false;
  }
  expects_continue_ = !expect.empty() && content_length_ > 0;
  return true;
}

}  // namespace voxgrad
