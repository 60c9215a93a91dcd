#include "datasets/check/journal.h"

#include <nlohmann/json.hpp>

#include "tensor/error.h"

namespace voxgrad {
namespace {

using Json = nlohmann::ordered_json;

/// File names may be any bytes.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json to_json(const ObjectFindings& found) {
  Json bad = Json::array();
  for (const auto& [path, message] : found.bad) bad.push_back({path, message});
  return {{"complete", found.complete},     {"views", found.views},
          {"resolution", found.resolution}, {"volume", found.volume_hash},
          {"picture", found.picture_hash},  {"mirror", found.mirror},
          {"kind", found.picture_kind},     {"missing", found.missing},
          {"notes", found.notes},           {"bad", bad}};
}

ObjectFindings from_json(const Json& json) {
  ObjectFindings found;
  found.complete = json.at("complete").get<bool>();
  found.views = json.at("views").get<std::int64_t>();
  found.resolution = json.at("resolution").get<int>();
  found.volume_hash = json.at("volume").get<std::uint64_t>();
  found.picture_hash = json.at("picture").get<std::uint64_t>();
  found.mirror = json.at("mirror").get<std::array<double, 3>>();
  found.picture_kind = json.at("kind").get<std::string>();
  found.missing = json.at("missing").get<std::vector<std::string>>();
  found.notes = json.at("notes").get<std::vector<std::string>>();
  for (const Json& each : json.at("bad"))
    found.bad.push_back({each.at(0).get<std::string>(), each.at(1).get<std::string>()});
  return found;
}

}  // namespace

CheckJournal::CheckJournal(const std::filesystem::path& file, const std::string& what)
    : file_(file) {
  if (file.empty()) return;
  const std::string head = dump(Json{{"check", what}});
  std::ifstream in(file);
  std::string line;
  const bool goes_on = in && std::getline(in, line) && line == head;
  while (goes_on && std::getline(in, line)) {
    try {
      const Json json = Json::parse(line);
      known_[json.at("object").get<std::string>()] = from_json(json.at("found"));
    } catch (const Json::exception&) {  // cut off when the program ended
    }
  }
  in.close();
  out_.open(file, goes_on ? std::ios::app : std::ios::trunc);
  out_ << (goes_on ? "\n" : head + "\n") << std::flush;
  check(out_.good(), file.string(), ": cannot write the journal of the check");
}

const ObjectFindings* CheckJournal::find(const std::string& object) const {
  const auto found = known_.find(object);
  return found == known_.end() ? nullptr : &found->second;
}

void CheckJournal::add(const std::string& object, const ObjectFindings& findings) {
  if (file_.empty()) return;
  out_ << dump(Json{{"object", object}, {"found", to_json(findings)}}) << '\n' << std::flush;
  check(out_.good(), file_.string(), ": cannot write the journal of the check: is the disk full?");
}

}  // namespace voxgrad
