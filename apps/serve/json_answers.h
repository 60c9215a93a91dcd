// Answers of the server in JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "io/http/message.h"

namespace voxgrad::apps {

HttpResponse json_answer(const nlohmann::ordered_json& json, int status = 200);
/// {"error": what}
HttpResponse error_answer(int status, const std::string& what);

}  // namespace voxgrad::apps
