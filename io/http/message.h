// HTTP/1.1 messages, for the one small server in server.h: requests are read piece by piece as
// they arrive, within limits on everything that a client decides; responses become bytes.
// Not read: bodies without Content-Length (411).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace voxgrad {

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // "/api/v1/predict", as sent: nothing is decoded in it
  std::string query;   // after the "?"
  std::vector<std::pair<std::string, std::string>> headers;  // names in small letters
  std::vector<std::uint8_t> body;
  bool keep_alive = true;

  /// Its value; "" if there is none.
  std::string_view header(std::string_view name) const;
  /// A parameter of the query, decoded; `other` if there is none. The last of several counts.
  std::string parameter(std::string_view name, const std::string& other = "") const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};
};

/// The bytes to send; without the body for a HEAD request.
std::string to_bytes(const HttpResponse& response, bool keep_alive, bool head_only = false);

struct HttpLimits {
  std::size_t max_head = 16 << 10;  // bytes of request line and headers
  std::size_t max_headers = 64;
  std::size_t max_body = 32 << 20;
};

/// Reads one request after the other from a connection.
class HttpReader {
 public:
  enum class State { head, body, complete, failed };

  explicit HttpReader(const HttpLimits& limits) : limits_(limits) {}

  /// Takes bytes up to the end of the head, or of the body once accept_body() was called; returns
  /// how many.
  std::size_t feed(std::span<const std::uint8_t> bytes);
  State state() const { return state_; }
  /// Where the head is read: the length of the body that follows.
  std::size_t content_length() const { return content_length_; }
  bool expects_continue() const { return expects_continue_; }
  /// Nothing of a request has come yet.
  bool idle() const { return state_ == State::head && head_.empty(); }
  /// What was wrong: a status of 400 or more, and why.
  int status() const { return status_; }
  const std::string& problem() const { return problem_; }
  HttpRequest& request() { return request_; }
  /// For the next request.
  void reset();

 private:
  void fail(int status, std::string problem);
  void parse_head();
  bool parse_request_line(std::string_view line);
  bool parse_header(std::string_view line);
  bool parse_framing();

  HttpLimits limits_;
  State state_ = State::head;
  std::string head_;
  HttpRequest request_;
  std::size_t content_length_ = 0;
  bool expects_continue_ = false;
  int status_ = 0;
  std::string problem_;
};

/// A picture or text of a form.
struct FormPart {
  std::string name, filename;
  std::span<const std::uint8_t> data;  // of the request's body
};

/// The parts of multipart/form-data, at most max_parts. Error for anything else.
std::vector<FormPart> form_parts(const HttpRequest& request, std::size_t max_parts);

}  // namespace voxgrad
