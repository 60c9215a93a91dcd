#include "io/http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "tensor/error.h"

namespace voxgrad {
namespace {

using Clock = std::chrono::steady_clock;

Clock::time_point after(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

/// Where answers wait for the loop's thread; handlers share it, so it may outlive the loop.
struct Mailbox {
  std::mutex mutex;
  std::vector<std::pair<std::uint64_t, HttpResponse>> answers;  // by connection
  Descriptor wake{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};

  void put(std::uint64_t connection, HttpResponse response) {
    {
      const std::lock_guard lock(mutex);
      answers.emplace_back(connection, std::move(response));
    }
    const std::uint64_t one = 1;
    const bool told = ::write(wake.get(), &one, sizeof one) == sizeof one;
    static_cast<void>(told);  // else the counter is full, and the loop is awake
  }
  std::vector<std::pair<std::uint64_t, HttpResponse>> take() {
    std::uint64_t count = 0;
    const bool read = ::read(wake.get(), &count, sizeof count) == sizeof count;
    static_cast<void>(read);
    const std::lock_guard lock(mutex);
    return std::exchange(answers, {});
  }
};

struct Connection {
  enum class State { reading, answering, sending, draining };

  Connection(Descriptor accepted, const HttpLimits& limits)
      : socket(std::move(accepted)), reader(limits) {}

  Descriptor socket;
  HttpReader reader;
  State state = State::reading;
  std::vector<std::uint8_t> ahead;  // bytes of the next request
  std::string out;
  std::size_t sent = 0;
  std::size_t reserved = 0;  // bytes of the body
  std::size_t drained = 0;
  bool keep_alive = false, head_only = false, ended = false;
  Clock::time_point deadline{};
};

HttpResponse problem(int status, const std::string& text) {
  return {status, "text/plain; charset=utf-8", text + "\n"};
}

Descriptor listen_at(const HttpServerOptions& options) {
  sockaddr_storage storage{};
  socklen_t length = 0;
  auto* const four = reinterpret_cast<sockaddr_in*>(&storage);
  auto* const six = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, options.address.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(std::uint16_t(options.port));
    length = sizeof(sockaddr_in);
  } else {
    check<ConfigError>(inet_pton(AF_INET6, options.address.c_str(), &six->sin6_addr) == 1, "'",
                       options.address, "' is no address: write it as numbers, 127.0.0.1");
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(std::uint16_t(options.port));
    length = sizeof(sockaddr_in6);
  }
  Descriptor socket(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const std::string where = concat(options.address, ":", options.port);
  check(socket.get() >= 0, where, ": no socket: ", std::strerror(errno));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  check(::bind(socket.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0 &&
            ::listen(socket.get(), SOMAXCONN) == 0,
        where, ": cannot listen: ", std::strerror(errno), "; another --port may be free");
  return socket;
}

int port_of(int socket) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &length);
  return ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                                             : reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
}

}  // namespace

class HttpServer::Loop {
 public:
  Loop(const HttpServerOptions& options, Handler handler)
      : options_(options), handler_(std::move(handler)), listener_(listen_at(options)) {
    check(mailbox_->wake.get() >= 0, "no eventfd: ", std::strerror(errno));
  }

  int port() const { return port_of(listener_.get()); }

  void run(const std::atomic<bool>& stop) {
    Clock::time_point end{};
    bool stopping = false;
    while (true) {
      if (stop && !stopping) {
        stopping = true;
        end = after(5);
        std::erase_if(connections_, [](const auto& each) {
          return each.second.state == Connection::State::reading && each.second.reader.idle();
        });
      }
      if (stopping && (connections_.empty() || Clock::now() >= end)) return;
      wait_and_serve(!stopping);
    }
  }

 private:
  void wait_and_serve(bool accepting) {
    std::vector<pollfd> polled{{mailbox_->wake.get(), POLLIN, 0}};
    std::vector<std::uint64_t> ids{0};
    if (connections_.size() >= options_.max_connections) drop_idle_one();
    const bool room = connections_.size() < options_.max_connections;
    if (accepting && room) {
      polled.push_back({listener_.get(), POLLIN, 0});
      ids.push_back(0);
    }
    const std::size_t first = polled.size();
    for (const auto& [id, c] : connections_) {
      using State = Connection::State;
      const short events = c.state == State::answering ? 0
                           : c.state == State::sending ? POLLOUT
                           : c.reader.state() == HttpReader::State::body && c.out.size() > c.sent
                               ? POLLIN | POLLOUT
                               : POLLIN;
      polled.push_back({c.socket.get(), events, 0});
      ids.push_back(id);
    }
    // A quarter of a second is how late a deadline or a wish to stop may be noticed.
    if (::poll(polled.data(), polled.size(), 250) < 0 && errno != EINTR)
      fail("[http] poll: ", std::strerror(errno));
    for (auto& [id, response] : mailbox_->take()) answer(id, std::move(response));
    for (std::size_t i = first; i < polled.size(); ++i) {
      const auto place = connections_.find(ids[i]);
      if (place != connections_.end() && polled[i].revents != 0)
        serve(place->first, place->second, polled[i].revents);
    }
    close_late_ones();
    for (auto& [id, c] : connections_)
      if (c.ended) body_bytes_ -= std::exchange(c.reserved, 0);
    std::erase_if(connections_, [](const auto& each) { return each.second.ended; });
    if (accepting && room && polled[1].revents != 0) accept_all();
  }

  /// The connection that has waited longest between requests, if any has for a while: others may
  /// be waiting for its place.
  void drop_idle_one() {
    const auto latest = after(options_.idle_seconds - 0.5);
    auto oldest = connections_.end();
    for (auto each = connections_.begin(); each != connections_.end(); ++each) {
      const Connection& c = each->second;
      if (c.state != Connection::State::reading || !c.reader.idle() || c.deadline > latest)
        continue;
      if (oldest == connections_.end() || c.deadline < oldest->second.deadline) oldest = each;
    }
    if (oldest != connections_.end()) connections_.erase(oldest);
  }

  void accept_all() {
    while (connections_.size() < options_.max_connections) {
      Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      // Also with too many open files: those that wait are accepted later.
      if (socket.get() < 0) return;
      const int on = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      Connection connection(std::move(socket), options_.limits);
      connection.deadline = after(options_.idle_seconds);
      connections_.emplace(++last_id_, std::move(connection));
    }
  }

  void close_late_ones() {
    const auto now = Clock::now();
    for (auto& [id, c] : connections_) {
      if (c.state == Connection::State::answering || now < c.deadline) continue;
      if (c.state == Connection::State::reading && !c.reader.idle())
        refuse(c, problem(408, "the request did not arrive in time"));
      else
        c.ended = true;
    }
  }

  void serve(std::uint64_t id, Connection& c, short events) {
    if (c.state == Connection::State::answering) {
      if (events & (POLLERR | POLLHUP)) c.ended = true;  // nobody waits for the answer
      return;
    }
    if (events & POLLOUT) send(id, c);
    if (c.ended || !(events & (POLLIN | POLLHUP | POLLERR))) return;
    if (c.state == Connection::State::sending) {
      if (events & (POLLHUP | POLLERR)) c.ended = true;
      return;
    }
    std::uint8_t buffer[64 << 10];
    const ssize_t count = ::recv(c.socket.get(), buffer, sizeof buffer, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
      c.ended = true;
      return;
    }
    if (c.state == Connection::State::draining) {
      c.drained += std::size_t(count);
      c.ended = c.drained > 2 * options_.limits.max_body;
      return;
    }
    take(id, c, {buffer, std::size_t(count)});
  }

  void take(std::uint64_t id, Connection& c, std::span<const std::uint8_t> bytes) {
    while (!bytes.empty() && c.state == Connection::State::reading) {
      if (c.reader.idle()) c.deadline = after(options_.request_seconds);
      const bool in_head = c.reader.state() == HttpReader::State::head;
      bytes = bytes.subspan(c.reader.feed(bytes));
      if (c.reader.state() == HttpReader::State::failed)
        refuse(c, problem(c.reader.status(), c.reader.problem()));
      else if (in_head && c.reader.state() == HttpReader::State::body)
        reserve(c);
      else if (c.reader.state() == HttpReader::State::complete)
        handle(id, c);
    }
    // At most one buffer: no more is read before the answer is sent.
    c.ahead.assign(bytes.begin(), bytes.end());
  }

  void reserve(Connection& c) {
    if (body_bytes_ + c.reader.content_length() > options_.max_body_bytes) {
      HttpResponse busy = problem(503, "too many uploads at once: try again");
      busy.headers.emplace_back("Retry-After", "2");
      refuse(c, std::move(busy));
      return;
    }
    c.reserved = c.reader.content_length();
    body_bytes_ += c.reserved;
    if (c.reader.expects_continue()) c.out = "HTTP/1.1 100 Continue\r\n\r\n";
    c.sent = 0;
  }

  void handle(std::uint64_t id, Connection& c) {
    c.state = Connection::State::answering;
    c.keep_alive = c.reader.request().keep_alive;
    c.head_only = c.reader.request().method == "HEAD";
    const auto mailbox = mailbox_;
    const auto respond = [mailbox, id](HttpResponse response) {
      mailbox->put(id, std::move(response));
    };
    try {
      handler_(std::make_shared<const HttpRequest>(std::move(c.reader.request())), respond);
    } catch (const std::exception& error) {
      respond(problem(500, error.what()));
    }
  }

  void answer(std::uint64_t id, HttpResponse response) {
    const auto place = connections_.find(id);
    if (place == connections_.end() || place->second.state != Connection::State::answering) return;
    Connection& c = place->second;
    begin_sending(c, to_bytes(response, c.keep_alive, c.head_only));
    send(id, c);
  }

  /// Answers before the whole request was read; the rest of it is not looked at.
  void refuse(Connection& c, HttpResponse response) {
    c.keep_alive = false;
    begin_sending(c, to_bytes(response, false));
  }

  void begin_sending(Connection& c, std::string bytes) {
    body_bytes_ -= std::exchange(c.reserved, 0);
    c.state = Connection::State::sending;
    c.out = c.out.substr(c.sent) + bytes;
    c.sent = 0;
    c.deadline = after(options_.send_seconds);
  }

  void send(std::uint64_t id, Connection& c) {
    while (c.sent < c.out.size()) {
      const ssize_t count =
          ::send(c.socket.get(), c.out.data() + c.sent, c.out.size() - c.sent, MSG_NOSIGNAL);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (count <= 0) {
        c.ended = true;
        return;
      }
      c.sent += std::size_t(count);
    }
    c.out.clear();
    c.sent = 0;
    if (c.state != Connection::State::sending) return;  // 100 Continue
    if (!c.keep_alive) {
      // Closing at once would reset the connection before the client has read the answer.
      ::shutdown(c.socket.get(), SHUT_WR);
      c.state = Connection::State::draining;
      c.deadline = after(2);
      return;
    }
    c.reader.reset();
    c.state = Connection::State::reading;
    c.deadline = after(options_.idle_seconds);
    const std::vector<std::uint8_t> ahead = std::exchange(c.ahead, {});
    take(id, c, ahead);
  }

  HttpServerOptions options_;
  Handler handler_;
  Descriptor listener_;
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::map<std::uint64_t, Connection> connections_;
  std::uint64_t last_id_ = 0;
  std::size_t body_bytes_ = 0;
};

HttpServer::HttpServer(const HttpServerOptions& options, Handler handler)
    : loop_(std::make_unique<Loop>(options, std::move(handler))) {}

HttpServer::~HttpServer() = default;

int HttpServer::port() const {
  return loop_->port();
}

void HttpServer::run(const std::atomic<bool>& stop) {
  loop_->run(stop);
}

}  // namespace voxgrad
