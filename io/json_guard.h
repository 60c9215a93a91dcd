// What a JSON text from outside may not do: nest deeply, or give one key twice in an object (the
// library would keep the last). Passed to nlohmann's parser as its callback; throws a DataError
// that begins with the file's name.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tensor/error.h"

namespace voxgrad {

class JsonGuard {
 public:
  using Json = nlohmann::json;

  /// `name` must outlive this.
  JsonGuard(const std::string& name, int max_depth) : name_(name), max_depth_(max_depth) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& value) {
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        check<DataError>(depth < max_depth_, name_, ": nested deeper than ", max_depth_, " levels");
        keys_.emplace_back();
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end:
        keys_.pop_back();
        break;
      case Json::parse_event_t::key: {
        const auto& key = value.get_ref<const std::string&>();
        check<DataError>(keys_.back().insert(key).second, name_, ": key \"", key,
                         "\" occurs twice in one object");
        break;
      }
      case Json::parse_event_t::value:
        break;
    }
    return true;
  }

 private:
  const std::string& name_;
  int max_depth_;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace voxgrad
