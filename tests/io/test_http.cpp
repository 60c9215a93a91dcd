// HTTP messages, forms, and the server over real sockets.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "io/http/server.h"
#include "tensor/error.h"
#include "tests/support/expect_error.h"

using namespace voxgrad;

namespace {

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// A reader that was given the text in pieces of this size, as far as it takes it.
HttpReader read(const std::string& text, std::size_t piece = 1 << 20,
                const HttpLimits& limits = {}) {
  HttpReader reader(limits);
  std::span<const std::uint8_t> rest = bytes_of(text);
  while (!rest.empty() &&
         (reader.state() == HttpReader::State::head || reader.state() == HttpReader::State::body))
    rest = rest.subspan(reader.feed(rest.first(std::min(piece, rest.size()))));
  return reader;
}

int status_of(const std::string& text, const HttpLimits& limits = {}) {
  const HttpReader reader = read(text, 1 << 20, limits);
  return reader.state() == HttpReader::State::failed ? reader.status() : 0;
}

HttpRequest form(const std::string& body, const std::string& boundary = "XX") {
  HttpRequest request;
  request.headers = {{"content-type", "multipart/form-data; boundary=" + boundary}};
  request.body.assign(body.begin(), body.end());
  return request;
}

std::string text_of(const FormPart& part) {
  return {part.data.begin(), part.data.end()};
}

}  // namespace

TEST_CASE("a request is read in whichever pieces it arrives") {
  const std::string text =
      "POST /a/b?x=1&y=a%20b+c HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
      "X-Word:  two words \r\n\r\nhello";
  for (const std::size_t piece : {1, 2, 3, 7, 1000}) {
    CAPTURE(piece);
    HttpReader reader = read(text, piece);
    REQUIRE(reader.state() == HttpReader::State::complete);
    const HttpRequest& request = reader.request();
    CHECK(request.method == "POST");
    CHECK(request.path == "/a/b");
    CHECK(request.parameter("x") == "1");
    CHECK(request.parameter("y") == "a b c");
    CHECK(request.parameter("z", "none") == "none");
    CHECK(request.header("x-word") == "two words");
    CHECK(std::string(request.body.begin(), request.body.end()) == "hello");
    CHECK(request.keep_alive);
  }
}

TEST_CASE("bytes after a request are left for the next one") {
  HttpReader reader{HttpLimits{}};
  const std::string two = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.0\r\n\r\n";
  const std::size_t taken = reader.feed(bytes_of(two));
  REQUIRE(reader.state() == HttpReader::State::complete);
  CHECK(reader.request().path == "/1");
  reader.reset();
  CHECK(reader.idle());
  reader.feed(bytes_of(two).subspan(taken));
  REQUIRE(reader.state() == HttpReader::State::complete);
  CHECK(reader.request().path == "/2");
  CHECK_FALSE(reader.request().keep_alive);
}

TEST_CASE("requests that are none are refused with the right status") {
  const std::string end = "\r\n\r\n", get = "GET / HTTP/1.1\r\nHost: a";
  CHECK(status_of(get + end) == 0);
  CHECK(status_of("nonsense" + end) == 400);
  CHECK(status_of("GET  HTTP/1.1" + end) == 400);
  CHECK(status_of("GET http://elsewhere/ HTTP/1.1" + end) == 400);
  CHECK(status_of("GET / HTTP/2.0" + end) == 505);
  CHECK(status_of(get + "\r\nno colon" + end) == 400);
  CHECK(status_of(get + "\r\nbad name: x" + end) == 400);
  CHECK(status_of(get + "\r\nX: a\x01z" + end) == 400);
  CHECK(status_of(get + "\r\nX: a\nY: b" + end) == 400);
  CHECK(status_of(get + "\r\nHost: b" + end) == 400);
  CHECK(status_of(get + "\r\nContent-Length: -1" + end) == 400);
  CHECK(status_of(get + "\r\nContent-Length: 1x" + end) == 400);
  CHECK(status_of(get + "\r\nContent-Length: " + end) == 400);
  CHECK(status_of(get + "\r\nContent-Length: 99999999999999999999999" + end) == 413);
  CHECK(status_of(get + "\r\nContent-Length: 11" + end, {.max_body = 10}) == 413);
  CHECK(status_of(get + "\r\nContent-Length: 1\r\nContent-Length: 1" + end) == 400);
  CHECK(status_of(get + "\r\nTransfer-Encoding: chunked" + end) == 411);
  CHECK(status_of(get + "\r\nTransfer-Encoding: chunked\r\nContent-Length: 1" + end) == 400);
  CHECK(status_of(get + "\r\nExpect: the worst" + end) == 417);
  CHECK(status_of(std::string(20000, 'a')) == 431);
  std::string many = get;
  for (int i = 0; i < 100; ++i) many += "\r\nX: y";
  CHECK(status_of(many + end) == 431);
}

TEST_CASE("the files of a form are found in it") {
  const HttpRequest request = form(
      "--XX\r\nContent-Disposition: form-data; name=\"view\"; filename=\"a.png\"\r\n"
      "Content-Type: image/png\r\n\r\nfirst\r\nline\r\n--XX\r\n"
      "content-disposition: form-data; name=word\r\n\r\n\r\n--XX--\r\n");
  const std::vector<FormPart> parts = form_parts(request, 4);
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].name == "view");
  CHECK(parts[0].filename == "a.png");
  CHECK(text_of(parts[0]) == "first\r\nline");
  CHECK(parts[1].name == "word");
  CHECK(parts[1].filename.empty());
  CHECK(parts[1].data.empty());
  CHECK(testing::says(testing::error_of([&] { form_parts(request, 1); }), "more than 1 parts"));
}

TEST_CASE("forms that are none are errors, wherever they are cut off") {
  const std::string whole =
      "--XX\r\nContent-Disposition: form-data; name=\"a\"; "
      "filename=\"b\"\r\n\r\ntext\r\n--XX--\r\n";
  CHECK(form_parts(form(whole), 4).size() == 1);
  for (std::size_t length = 0; length < whole.size() - 4; ++length)
    CHECK_THROWS_AS(form_parts(form(whole.substr(0, length)), 4), Error);
  CHECK_THROWS_AS(form_parts(form(whole, std::string(71, 'X')), 4), Error);
  CHECK_THROWS_AS(form_parts(form(whole, ""), 4), Error);
  HttpRequest text = form(whole);
  text.headers.clear();
  CHECK_THROWS_AS(form_parts(text, 4), Error);
}

namespace {

/// A server on a free port in a thread of its own.
class RunningServer {
 public:
  explicit RunningServer(const HttpServerOptions& options, HttpServer::Handler handler)
      : server_(options, std::move(handler)), thread_([this] { server_.run(stop_); }) {}
  ~RunningServer() {
    stop_ = true;
    thread_.join();
  }
  int port() const { return server_.port(); }

 private:
  std::atomic<bool> stop_{false};
  HttpServer server_;
  std::thread thread_;
};

class Client {
 public:
  explicit Client(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(std::uint16_t(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const std::string& text) const {
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t count = ::send(fd_, text.data() + done, text.size() - done, MSG_NOSIGNAL);
      if (count <= 0) return;  // refused meanwhile
      done += std::size_t(count);
    }
  }
  /// Up to the text `end`, or the end of the connection.
  std::string receive(const std::string& end = "") const {
    std::string text;
    char buffer[4096];
    while (end.empty() || text.find(end) == std::string::npos) {
      const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      text.append(buffer, std::size_t(count));
    }
    return text;
  }

 private:
  int fd_;
};

/// Answers with the length of the body.
void echo(std::shared_ptr<const HttpRequest> request, const HttpServer::Respond& respond) {
  if (request->path == "/throw") fail("on purpose");
  respond({.body = concat(request->method, " ", request->path, " ", request->body.size(), "\n")});
}

}  // namespace

TEST_CASE("the server answers one request after the other on a connection") {
  RunningServer server({.port = 0}, echo);
  const Client client(server.port());
  client.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: "
      "3\r\n\r\nabc");
  CHECK(testing::says(client.receive("/2 3\n"), "GET /1 0\n"));
  client.send("HEAD /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string head = client.receive();
  CHECK(testing::says(head, "Content-Length: 10"));
  CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("the server says 100 Continue, 500 for what throws, and why it refuses") {
  RunningServer server({.port = 0, .limits = {.max_body = 100}}, echo);
  const Client waiting(server.port());
  waiting.send("POST /w HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(testing::says(waiting.receive("\r\n\r\n"), "HTTP/1.1 100 Continue"));
  waiting.send("ab");
  CHECK(testing::says(waiting.receive("/w 2\n"), "200 OK"));
  waiting.send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(testing::says(waiting.receive("on purpose\n"), "500 Internal Server Error"));

  const Client large(server.port());
  large.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n" +
             std::string(5000000, 'x'));
  CHECK(testing::says(large.receive(), "413 Content Too Large"));
  const Client wrong(server.port());
  wrong.send("\x16\x03\x01 no HTTP at all\r\n\r\n");
  CHECK(testing::says(wrong.receive(), "400 Bad Request"));
}

TEST_CASE("the server ends requests that do not arrive, and bounds all bodies together") {
  RunningServer server(
      {.port = 0, .max_body_bytes = 1000, .request_seconds = 0.3, .idle_seconds = 0.3}, echo);
  const Client idle(server.port());
  CHECK(idle.receive().empty());
  const Client slow(server.port());
  slow.send("GET / HT");
  CHECK(testing::says(slow.receive(), "408 Request Timeout"));

  const Client first(server.port()), second(server.port());
  first.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n");
  // So that the server has seen the first one.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  second.send("POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n");
  const std::string busy = second.receive();
  CHECK(testing::says(busy, "503 Service Unavailable"));
  CHECK(testing::says(busy, "Retry-After: 2"));
  first.send(std::string(900, 'x'));
  CHECK(testing::says(first.receive("/1 900\n"), "200 OK"));
}

TEST_CASE("more clients than connections are all answered") {
  RunningServer server({.port = 0, .max_connections = 4}, echo);
  std::vector<std::thread> threads;
  std::atomic<int> answered{0};
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const Client client(server.port());
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        answered += client.receive().find("GET / 0\n") != std::string::npos;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(answered == 160);
}

TEST_CASE("a port that is taken and an address that is none are errors") {
  RunningServer server({.port = 0}, echo);
  CHECK(testing::says(testing::error_of([&] { HttpServer again({.port = server.port()}, echo); }),
                      "cannot listen"));
  CHECK(testing::says(testing::error_of<ConfigError>(
                          [] { HttpServer none({.address = "localhost", .port = 0}, echo); }),
                      "'localhost' is no address"));
}
