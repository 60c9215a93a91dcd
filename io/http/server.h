// A small HTTP/1.1 server for pages and programs on the same machine: one thread moves all bytes,
// the handler answers when it likes, from any thread.
//
// Everything that clients decide is bounded: the number of connections (more of them wait to be
// accepted), the bytes of a head, of a body and of all bodies together (503 beyond that), and the
// time for a request to arrive and for a response to be taken. Every request that arrives whole is
// answered.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "io/http/message.h"

namespace voxgrad {

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // IPv4 or IPv6, as numbers
  int port = 8080;                    // 0: a free one
  HttpLimits limits{};
  std::size_t max_connections = 256;
  std::size_t max_body_bytes = std::size_t{128} << 20;  // of all requests at hand
  double request_seconds = 30;                          // for a whole request to arrive
  double idle_seconds = 15;                             // between requests
  double send_seconds = 30;                             // for a response to be taken
};

class HttpServer {
 public:
  /// Answers one request, once; may outlive the connection and the server.
  using Respond = std::function<void(HttpResponse)>;
  /// Called on the server's thread: long work belongs elsewhere. What it throws is a status 500.
  using Handler = std::function<void(std::shared_ptr<const HttpRequest>, Respond)>;

  /// Listens. Error, with address and port, if that is not possible.
  HttpServer(const HttpServerOptions& options, Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;
  /// Serves until `stop`; then requests that are at hand are still answered, for some seconds.
  void run(const std::atomic<bool>& stop);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace voxgrad
