// The verbs below `pix2vox dataset`, one file each, and the flags that they share.
#pragma once

#include "apps/verbs/verbs.h"
#include "datasets/open.h"

namespace voxgrad::apps {

void add_dataset_build(Verb& parent, Action& action);
void add_dataset_synth(Verb& parent, Action& action);
void add_dataset_check(Verb& parent, Action& action);
void add_dataset_stats(Verb& parent, Action& action);
void add_dataset_look(Verb& parent, Action& action);
void add_dataset_pack(Verb& parent, Action& action);

/// Which data set.
struct SourceFlags {
  DatasetSource source;
  std::string split;

  /// The folder, --kind, --taxonomy, --resolution and --masks.
  void add(Verb& verb);
  /// --split.
  void add_split(Verb& verb, const std::string& usual);
};

}  // namespace voxgrad::apps
