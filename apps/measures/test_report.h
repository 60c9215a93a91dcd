// What `pix2vox test` prints and writes.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "pix2vox/evaluation/evaluator.h"
#include "pix2vox/evaluation/object_measures.h"
#include "pix2vox/evaluation/pix3d_protocol.h"

namespace voxgrad::apps {

/// Results of one number of views.
struct ViewResult {
  int views = 1;
  Evaluation evaluation;
  ObjectMeasures measures;
  std::optional<Pix3dIou> pix3d{};
};

/// The training object of the most similar picture as a prediction.
struct RetrievalResult {
  IouTable iou{{0.5}};
  double fscore = 0, chamfer = 0;  // overall, as for the model; F at 1 %
};

struct TestResults {
  std::vector<ViewResult> by_views;  // in the order asked for
  std::optional<Baselines> baselines{};
  std::optional<RetrievalResult> retrieval{};
  double threshold = 0.3;
  std::string threshold_source;  // "best on its validation split"
};

/// Tables with the protocol in their foot.
std::string to_text(const TestResults& results);
/// Fields of the document about the measures.
nlohmann::json to_json(const TestResults& results);

}  // namespace voxgrad::apps
