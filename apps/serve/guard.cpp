#include "apps/serve/guard.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "apps/serve/json_answers.h"

namespace voxgrad::apps {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return char(std::tolower(c)); });
  return result;
}

/// Without its port; an IPv6 address without its brackets.
std::string host_name(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return std::string(host.substr(0, host.find(':')));
}

bool is_address(const std::string& host) {
  std::array<unsigned char, 16> address{};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

bool is_loopback(const std::string& host) {
  std::array<unsigned char, 16> address{};
  return host == "::1" ||
         (inet_pton(AF_INET, host.c_str(), address.data()) == 1 && address[0] == 127);
}

}  // namespace

Guard::Guard(const std::string& address) : loopback_only_(is_loopback(address)) {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) machine_ = lower(name.data());
}

bool Guard::knows(const std::string& host) const {
  if (host == "localhost" || is_loopback(host)) return true;
  return !loopback_only_ && (is_address(host) || (!machine_.empty() && host == machine_));
}

std::optional<HttpResponse> Guard::refusal(const HttpRequest& request) const {
  const std::string host = lower(request.header("host"));
  if (!knows(host_name(host)))
    return error_answer(421, "this server is not called '" + host_name(host).substr(0, 100) + "'");
  const std::string origin = lower(request.header("origin"));
  if (!origin.empty() && origin != "http://" + host)
    return error_answer(403, "pages of other sites may not use this server");
  // Browsers say so even where they send no Origin.
  if (request.header("sec-fetch-site") == "cross-site" && request.method != "GET")
    return error_answer(403, "pages of other sites may not use this server");
  return {};
}

}  // namespace voxgrad::apps
