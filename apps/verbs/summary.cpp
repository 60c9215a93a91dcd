// pix2vox summary
#include "pix2vox/network/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/command_line/json_flag.h"
#include "apps/terminal/training_text.h"
#include "apps/verbs/verbs.h"
#include "io/plural.h"
#include "pix2vox/benchmark/memory_plan.h"
#include "pix2vox/benchmark/resident.h"

namespace voxgrad::apps {
namespace {

struct Room {
  std::optional<std::uint64_t> memory;
  std::optional<std::uint64_t> disk;  // where the program was started
};

Room room_here() {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(".", error);
  Room room{available_bytes(), {}};
  if (!error) room.disk = space.available;
  return room;
}

std::string line(const std::string& what, std::uint64_t bytes, const std::string& remark = "") {
  return fmt::format("{:<34}{:>11}{}\n", what, format_bytes(double(bytes)),
                     remark.empty() ? "" : "  " + remark);
}

/// What to change where it does not fit; "" where it does.
std::string advice(const MemoryPlan& plan, const Room& room) {
  std::string text;
  if (room.memory && plan.machine > *room.memory) {
    const std::uint64_t without_cache = plan.machine - plan.picture_cache;
    const std::int64_t parts = plan.parts_that_fit(*room.memory);
    text += "This training does not fit into the memory that is free here. What helps:\n";
    if (without_cache <= *room.memory)
      text += fmt::format("  --set data.cache_mb={}   fewer decoded pictures are kept\n",
                          (*room.memory - without_cache) >> 20);
    if (parts > plan.accumulate)
      text += fmt::format("  --set train.accumulate={}   the same batch in parts\n", parts);
    text +=
        "  a smaller train.batch_size or train.n_views, or a smaller variant of the model "
        "(model.variant)\n";
  }
  if (room.disk && plan.disk() > *room.disk)
    text += fmt::format(
        "The run does not fit on this disk. A larger train.save_every keeps fewer checkpoints; "
        "--out takes a folder on another disk.\n");
  return text;
}

std::string to_text(const MemoryPlan& plan, const Room& room, Device device) {
  std::string text = fmt::format(
      "Training on {}, batch size {}{}, {} per object\n\n", concat(device), plan.batch_size,
      plan.accumulate > 1 ? fmt::format(" in {} parts", plan.accumulate) : "",
      counted(plan.n_views, "view"));
  text += line("weights", plan.weights);
  text += line("gradients", plan.gradients);
  text += line("optimizer state", plan.optimizer_state);
  const std::uint64_t fixed = plan.weights + plan.gradients + plan.optimizer_state;
  text += line("intermediate results, work space", plan.step > fixed ? plan.step - fixed : 0,
               fmt::format("{} per object", format_bytes(double(plan.per_object))));
  text += line("a training step", plan.step);
  text += "\n" + line("program", plan.program);
  text += line("decoded pictures, at most", plan.picture_cache, "data.cache_mb");
  text += line("a checkpoint while it is written", plan.checkpoint);
  text += line("memory of this machine, at most", plan.machine,
               room.memory ? fmt::format("{} are free", format_bytes(double(*room.memory))) : "");
  text += "\n" + line("checkpoints on disk", plan.checkpoints);
  text += line("samples on disk", plan.samples);
  text += line("disk", plan.disk(),
               room.disk ? fmt::format("{} are free here", format_bytes(double(*room.disk))) : "");
  const std::string help = advice(plan, room);
  return text + (help.empty() ? "" : "\n" + help);
}

std::string to_json(const MemoryPlan& plan, const Room& room) {
  nlohmann::ordered_json json{
      {"batch_size", plan.batch_size},   {"accumulate", plan.accumulate},
      {"views", plan.n_views},           {"weights", plan.weights},
      {"gradients", plan.gradients},     {"optimizer_state", plan.optimizer_state},
      {"per_object", plan.per_object},   {"step", plan.step},
      {"program", plan.program},         {"picture_cache", plan.picture_cache},
      {"checkpoint", plan.checkpoint},   {"machine", plan.machine},
      {"checkpoints", plan.checkpoints}, {"samples", plan.samples}};
  if (room.memory) {
    json["free_memory"] = *room.memory;
    json["fits"] = plan.machine <= *room.memory;
  }
  if (room.disk) json["free_disk"] = *room.disk;
  return json.dump(2);
}

int plan_and_print(const Config& config, const DeviceFlags& flags, const JsonFlag& json) {
  const Device device = flags.apply();
  const Room room = room_here();
  const MemoryPlan plan = plan_memory(config, device);
  if (json.prints_text()) std::cout << to_text(plan, room, device);
  json.write(to_json(plan, room));
  return kOk;
}

}  // namespace

void add_summary(Verb& app, Action& action) {
  auto flags = std::make_shared<ConfigFlags>();
  auto json = std::make_shared<JsonFlag>();
  auto device = std::make_shared<DeviceFlags>();
  auto memory = std::make_shared<bool>(false);
  Verb* verb = app.add_subcommand("summary",
                                  "Print each layer with its shape, parameters and multiply-adds");
  flags->add(*verb);
  verb->add_flag(
      "--memory", *memory,
      "Instead, say how much memory and disk a training will take, by trying some steps");
  json->add(*verb);
  device->add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox summary --cfg configs/Pix2Vox-A.yaml\n"
      "  pix2vox summary --cfg configs/Pix2Vox-A.yaml --memory \\\n"
      "    --set train.batch_size=16");
  verb->callback([flags, json, device, memory, &action] {
    action = [flags, json, device, memory] {
      json->check_writable();
      if (*memory) return plan_and_print(flags->load(), *device, *json);
      Pix2Vox model(flags->load().model);
      const ModelSummary summary = summarize(model);
      if (json->prints_text()) std::cout << summary.to_text();
      json->write(summary.to_json());
      return int(kOk);
    };
  });
}

}  // namespace voxgrad::apps
