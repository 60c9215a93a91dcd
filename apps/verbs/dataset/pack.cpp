// pix2vox dataset pack
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/command_line/json_flag.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/dataset/parts.h"
#include "datasets/packed/packed.h"
#include "io/plural.h"

namespace voxgrad::apps {
namespace {

struct PackFlags {
  SourceFlags source;
  PackOptions options;
  JsonFlag json;
};

int pack(PackFlags& flags) {
  flags.json.check_writable();
  std::vector<std::unique_ptr<Dataset>> opened;
  std::vector<PackedSplit> splits;
  for (const std::string& split : splits_of(flags.source.source)) {
    opened.push_back(open_dataset(flags.source.source, split));
    splits.push_back({split, opened.back().get()});
  }
  ProgressLine line;
  flags.options.stop = &watch_signals("stopping: no file is written\n");
  flags.options.progress = [&](std::int64_t done, std::int64_t total) {
    line.count("packed", done, total);
  };
  const PackReport report = pack_dataset(splits, flags.options);
  line.finish();
  if (report.interrupted) return signal_exit_code();
  const std::string out = flags.options.out.string();
  flags.json.write(nlohmann::ordered_json{{"file", out},
                                          {"objects", report.objects},
                                          {"views", report.views},
                                          {"bytes", report.bytes},
                                          {"decoded_bytes", report.decoded_bytes}}
                       .dump(2));
  std::cerr << fmt::format("{}, {}: {:.1f} MiB, {:.1f} MiB decoded\n",
                           counted(report.objects, "object"), counted(report.views, "picture"),
                           double(report.bytes) / (1 << 20),
                           double(report.decoded_bytes) / (1 << 20));
  if (flags.json.prints_text()) std::cout << out << '\n';
  return kOk;
}

}  // namespace

void add_dataset_pack(Verb& parent, Action& action) {
  auto flags = std::make_shared<PackFlags>();
  Verb* verb = parent.add_subcommand(
      "pack", "Write a data set, decoded, into one file that trains at the speed of memory");
  flags->source.add(*verb);
  verb->add_option("--out", flags->options.out, "HDF5 file to write")
      ->required()
      ->type_name("FILE");
  verb->add_flag("--overwrite", flags->options.overwrite, "Replace the file");
  verb->add_option("--threads", flags->options.threads, "CPU threads")->capture_default_str();
  flags->json.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox dataset pack ModelNet40 --kind modelnet --out modelnet40.h5\n"
      "  pix2vox train --cfg configs/Pix2Vox-F.yaml --data modelnet40.h5 \\\n"
      "    --set data.kind=packed");
  verb->callback([flags, &action] { action = [flags] { return pack(*flags); }; });
}

}  // namespace voxgrad::apps
