#include "apps/serve/json_answers.h"

#include <nlohmann/json.hpp>

namespace voxgrad::apps {

HttpResponse json_answer(const nlohmann::ordered_json& json, int status) {
  // What was sent to us may be in a message, and may be no UTF-8.
  return {status,
          "application/json",
          json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n",
          {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}}};
}

HttpResponse error_answer(int status, const std::string& what) {
  return json_answer({{"error", what}}, status);
}

}  // namespace voxgrad::apps
