#include "apps/verbs/bench_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace voxgrad::apps {
namespace {

using nlohmann::ordered_json;

constexpr double kGiga = 1e9, kMega = 1e6, kMilli = 1e-3;

double rate(double operations, double seconds) {
  return seconds > 0 ? operations / seconds / kGiga : 0;
}

double share(double operations, double seconds, const Peak& peak) {
  return seconds > 0 ? operations / seconds / peak.operations : 0;
}

std::string figures_head(const char* what) {
  return fmt::format("\n{:<14}{:>6}{:>6}{:>11}{:>11}{:>11}{:>11}{:>10}{:>9}{:>12}\n", what, "batch",
                     "views", "median ms", "least ms", "a sample", "floor", "GFLOP/s", "of peak",
                     "tensors MB");
}

std::string figures_line(const std::string& name, const Work& work, const Timing& timing,
                         const MemoryFigures& memory, const Peak& peak) {
  const double median = timing.median();
  return fmt::format(
      "{:<14}{:>6}{:>6}{:>11.1f}{:>11.1f}{:>11.1f}{:>11.1f}{:>10.0f}{:>8.0f}%{:>12.0f}\n", name,
      work.batch, work.views, median / kMilli, timing.least() / kMilli,
      median / double(work.batch) / kMilli,
      work.operations / double(work.batch) / peak.operations / kMilli,
      rate(work.operations, median), 100 * share(work.operations, median, peak),
      double(memory.peak) / kMega);
}

// "12.34    380   85%", or blanks where nothing ran.
std::string pass_text(double seconds, double operations, const Peak& peak) {
  if (seconds <= 0) return fmt::format("{:>9}{:>7}{:>6}", "-", "", "");
  if (operations <= 0) return fmt::format("{:>9.2f}{:>7}{:>6}", seconds / kMilli, "", "");
  return fmt::format("{:>9.2f}{:>7.0f}{:>5.0f}%", seconds / kMilli, rate(operations, seconds),
                     100 * share(operations, seconds, peak));
}

std::string layers_line(const std::string& name, const std::string& kind, const std::string& work,
                        const LayerFigures& layer, const Peak& peak) {
  const LayerAlgorithms& by = layer.algorithms;
  const std::string names = by.forward.empty()
                                ? ""
                                : fmt::format(" | {}, {}, {}, {}", by.inference, by.forward,
                                              by.input_gradient, by.weight_gradient);
  return fmt::format("{:<30}{:<23}{:>8} |{} |{} |{}{}\n", name, kind, work,
                     pass_text(layer.inference, layer.inference_operations, peak),
                     pass_text(layer.forward, layer.forward_operations, peak),
                     pass_text(layer.backward, layer.backward_operations, peak), names);
}

std::string shown_name(const LayerSummary& layer) {
  if (!layer.kind.empty()) return layer.name;
  return layer.name.empty() ? "(outside)" : "(" + layer.name + ")";
}

std::string layers_text(const ModelReport& model, const Peak& peak) {
  std::string text = fmt::format(
      "\nLayers of {}, batch {}, {} view{}: milliseconds, GFLOP/s, share of the peak\n", model.name,
      model.layers_batch, model.layers_views, model.layers_views == 1 ? "" : "s");
  text += fmt::format("{:<30}{:<23}{:>8} |{:>22} |{:>22} |{:>22} | {}\n", "layer", "kind", "MMAC",
                      "inference", "training forward", "backward",
                      "algorithm of inference, forward, input and weight gradient");
  LayerFigures sum;
  for (const LayerFigures& layer : model.layers) {
    text +=
        layers_line(shown_name(layer.layer), layer.layer.kind,
                    fmt::format("{:.1f}", double(layer.layer.multiply_adds) / kMega), layer, peak);
    sum.layer.multiply_adds += layer.layer.multiply_adds;
    for (const auto field : {&LayerFigures::inference, &LayerFigures::forward,
                             &LayerFigures::backward, &LayerFigures::inference_operations,
                             &LayerFigures::forward_operations, &LayerFigures::backward_operations})
      sum.*field += layer.*field;
  }
  return text + layers_line("sum", "",
                            fmt::format("{:.1f}", double(sum.layer.multiply_adds) / kMega), sum,
                            peak);
}

ordered_json timing_json(const Timing& timing) {
  ordered_json runs = ordered_json::array();
  for (const double seconds : timing.seconds) runs.push_back(seconds / kMilli);
  return {{"median_ms", timing.median() / kMilli},
          {"min_ms", timing.least() / kMilli},
          {"runs_ms", runs}};
}

ordered_json figures_json(const std::string& name, const Work& work, const Timing& timing,
                          const MemoryFigures& memory, const Peak& peak) {
  ordered_json json{{"model", name}, {"batch", work.batch}, {"views", work.views}};
  json.update(timing_json(timing));
  json["operations"] = work.operations;
  json["floor_ms"] = work.operations / peak.operations / kMilli;
  json["gflops"] = rate(work.operations, timing.median());
  json["share_of_peak"] = share(work.operations, timing.median(), peak);
  json["memory"] = {{"peak_bytes", memory.peak},
                    {"reserved_bytes", memory.reserved},
                    {"system_allocations", memory.system_allocations}};
  return json;
}

ordered_json pass_json(double seconds, double operations, const Peak& peak) {
  return {{"ms", seconds / kMilli},
          {"operations", operations},
          {"gflops", rate(operations, seconds)},
          {"share_of_peak", share(operations, seconds, peak)}};
}

ordered_json layer_json(const ModelReport& model, const LayerFigures& figures, const Peak& peak) {
  return {{"model", model.name},
          {"batch", model.layers_batch},
          {"views", model.layers_views},
          {"name", figures.layer.name},
          {"kind", figures.layer.kind},
          {"multiply_adds", figures.layer.multiply_adds},
          {"algorithms",
           {{"inference", figures.algorithms.inference},
            {"forward", figures.algorithms.forward},
            {"input_gradient", figures.algorithms.input_gradient},
            {"weight_gradient", figures.algorithms.weight_gradient}}},
          {"inference", pass_json(figures.inference, figures.inference_operations, peak)},
          {"forward", pass_json(figures.forward, figures.forward_operations, peak)},
          {"backward", pass_json(figures.backward, figures.backward_operations, peak)}};
}

}  // namespace

std::string to_text(const BenchReport& report) {
  std::string text =
      fmt::format("{}, {} ({} threads), {}\npeak {:.0f} GFLOP/s: {}\n{} runs after {} to warm up\n",
                  report.processor, report.device, report.threads, report.precision,
                  report.peak.operations / kGiga, report.peak.how, report.repeats, report.warm_up);
  std::string inference, training, layers, start;
  for (const ModelReport& model : report.models) {
    const auto line = [&](const char* how, const auto& figures, const Timing& timing) {
      return figures_line(model.name + how, figures.work, timing, figures.memory, report.peak);
    };
    for (const InferenceFigures& figures : model.inference) {
      inference += line("", figures, figures.timing);
      if (figures.from_host) inference += line(" uploaded", figures, *figures.from_host);
    }
    for (const TrainingFigures& figures : model.training) {
      training += line("", figures, figures.timing);
      if (figures.resident) training += line(" resident", figures, *figures.resident);
    }
    if (!model.layers.empty()) layers += layers_text(model, report.peak);
    if (model.start)
      start += fmt::format("{:<14}{:>8.3f} s (least {:.3f} s), weights: {}\n", model.name,
                           model.start->timing.median(), model.start->timing.least(),
                           model.start->weights);
  }
  if (!inference.empty()) text += figures_head("inference") + inference;
  if (!training.empty()) text += figures_head("training step") + training;
  text += layers;
  if (!start.empty()) text += "\nfrom the start of a process to its first volume on disk\n" + start;
  if (report.loader)
    text += fmt::format(
        "\nloader, {} threads, augmented: {:.0f} pictures/s from files, {:.0f} from memory\n",
        report.loader->threads, report.loader->cold, report.loader->cached);
  return text;
}

std::string to_json(const BenchReport& report) {
  ordered_json json{{"device", report.device},   {"processor", report.processor},
                    {"threads", report.threads}, {"precision", report.precision},
                    {"warm_up", report.warm_up}, {"repeats", report.repeats}};
  json["peak"] = {{"gflops", report.peak.operations / kGiga}, {"how", report.peak.how}};
  for (const char* section : {"inference", "training", "layers", "start"})
    json[section] = ordered_json::array();
  for (const ModelReport& model : report.models) {
    for (const InferenceFigures& figures : model.inference) {
      ordered_json each =
          figures_json(model.name, figures.work, figures.timing, figures.memory, report.peak);
      if (figures.from_host) each["from_host"] = timing_json(*figures.from_host);
      json["inference"].push_back(each);
    }
    for (const TrainingFigures& figures : model.training) {
      ordered_json each =
          figures_json(model.name, figures.work, figures.timing, figures.memory, report.peak);
      each["data_wait_share"] = figures.data_wait_share;
      if (figures.resident) each["resident"] = timing_json(*figures.resident);
      json["training"].push_back(each);
    }
    for (const LayerFigures& figures : model.layers)
      json["layers"].push_back(layer_json(model, figures, report.peak));
    if (model.start) {
      ordered_json each{{"model", model.name}, {"weights", model.start->weights}};
      each.update(timing_json(model.start->timing));
      json["start"].push_back(each);
    }
  }
  json["loader"] = nullptr;
  if (report.loader)
    json["loader"] = {{"threads", report.loader->threads},
                      {"pictures_per_second_from_files", report.loader->cold},
                      {"pictures_per_second_from_memory", report.loader->cached}};
  return json.dump(2) + "\n";
}

}  // namespace voxgrad::apps
