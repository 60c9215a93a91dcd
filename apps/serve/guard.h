// Who may ask: pages of other sites that a browser has open must not reach a server on the same
// machine.
#pragma once

#include <optional>
#include <string>

#include "io/http/message.h"

namespace voxgrad::apps {

class Guard {
 public:
  /// `address` is what the server listens at. At a loopback address only localhost and addresses
  /// of loopback are its names; else all addresses and this machine's own name are, too.
  explicit Guard(const std::string& address);
  /// What is wrong with a request: 421 for a Host that is not this server's (a foreign name that
  /// was made to point here), 403 for an Origin other than the server's own page.
  std::optional<HttpResponse> refusal(const HttpRequest& request) const;

 private:
  bool knows(const std::string& host) const;

  bool loopback_only_;
  std::string machine_;
};

}  // namespace voxgrad::apps
