#include "pix2vox/training/run_status.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "io/file.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

using Json = nlohmann::ordered_json;

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

double now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

Json optional_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

std::optional<double> optional_in(const Json& json, const char* key) {
  if (!json.at(key).is_number()) return {};
  return json.at(key).get<double>();
}

}  // namespace

void write_status(const std::filesystem::path& file, RunStatus status) {
  const TrainingProgress& p = status.progress;
  const Json json{{"state", status.state},
                  {"process", ::getpid()},
                  {"host", host_name()},
                  {"written", now()},
                  {"epoch", p.epoch},
                  {"epochs", p.epochs},
                  {"batch", p.batch},
                  {"batches", p.batches},
                  {"loss_merged", p.loss_merged},
                  {"loss_refined", p.refined ? Json(p.loss_refined) : Json()},
                  {"mean_iou", optional_json(status.iou)},
                  {"samples_per_second", p.samples_per_second},
                  {"data_wait_share", p.data_wait_share},
                  {"memory_bytes", optional_json(status.memory_bytes)},
                  {"seconds_left", p.seconds_left}};
  const std::filesystem::path fresh = file.string() + ".new";
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
    check(bool(out.flush()), fresh.string(), ": cannot be written");
  }
  std::filesystem::rename(fresh, file);
}

std::optional<RunStatus> read_status(const std::filesystem::path& file) {
  if (!exists(file)) return {};
  try {
    const std::vector<std::uint8_t> bytes = read_file(file, std::size_t{64} << 10);
    const Json json = Json::parse(bytes.begin(), bytes.end());
    RunStatus status;
    status.state = json.at("state").get<std::string>();
    status.process = json.at("process").get<std::int64_t>();
    status.host = json.at("host").get<std::string>();
    status.written = json.at("written").get<double>();
    TrainingProgress& p = status.progress;
    p.epoch = json.at("epoch").get<std::int64_t>();
    p.epochs = json.at("epochs").get<std::int64_t>();
    p.batch = json.at("batch").get<std::int64_t>();
    p.batches = json.at("batches").get<std::int64_t>();
    p.loss_merged = json.at("loss_merged").get<double>();
    const std::optional<double> refined = optional_in(json, "loss_refined");
    p.refined = refined.has_value();
    p.loss_refined = refined.value_or(0);
    p.samples_per_second = json.at("samples_per_second").get<double>();
    p.data_wait_share = json.at("data_wait_share").get<double>();
    p.seconds_left = json.at("seconds_left").get<double>();
    status.iou = optional_in(json, "mean_iou");
    status.memory_bytes = optional_in(json, "memory_bytes");
    return status;
  } catch (const std::exception&) {
    return {};
  }
}

bool is_alive(const RunStatus& status) {
  if (status.ended()) return false;
  if (status.host == host_name()) return ::kill(pid_t(status.process), 0) == 0 || errno == EPERM;
  constexpr double long_silent = 600;  // on another machine, all that is known is when it wrote
  return now() - status.written < long_silent;
}

}  // namespace voxgrad
