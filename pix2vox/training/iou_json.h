// Tables of IoU as JSON, as `pix2vox test --json` writes them and reports read them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "pix2vox/evaluation/evaluator.h"

namespace voxgrad {

/// {"thresholds": [...], "categories": {name: {"objects", "iou"}}, "overall", ...}
nlohmann::json iou_json(const IouTable& table);
nlohmann::json baselines_json(const Baselines& baselines);

}  // namespace voxgrad
