#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "pix2vox/network/summary.h"

using namespace voxgrad;

TEST_CASE("the summary of variant A has the published totals") {
  Pix2Vox model(default_model("A"));
  const ModelSummary summary = summarize(model);
  CHECK(summary.parameters == 114'244'467);
  CHECK(summary.total("encoder.").parameters == 7'772'480);
  CHECK(summary.total("decoder.").parameters == 71'583'064);
  CHECK(summary.total("merger.").parameters == 8'571);
  CHECK(summary.total("refiner.").parameters == 34'880'352);

  // Thousand millions of multiply-adds.
  const auto work = [&](const std::string& part) {
    return double(summary.total(part).multiply_adds) / 1e9;
  };
  CHECK(work("") == doctest::Approx(15.7).epsilon(0.005));
  CHECK(work("encoder.vgg.") == doctest::Approx(10.26).epsilon(0.001));
  CHECK(work("encoder.layer") == doctest::Approx(2.96).epsilon(0.003));
  CHECK(work("decoder.") == doctest::Approx(1.01).epsilon(0.01));
  CHECK(work("merger.") == doctest::Approx(0.28).epsilon(0.02));
  CHECK(work("refiner.") == doctest::Approx(1.24).epsilon(0.01));

  CHECK(summary.total("encoder.vgg.").output == Shape{28, 28, 512});
  CHECK(summary.total("encoder.layer1.").output == Shape{26, 26, 512});
  CHECK(summary.total("encoder.layer2.").output == Shape{8, 8, 512});
  CHECK(summary.total("encoder.").output == Shape{8, 8, 256});
  CHECK(summary.total("decoder.").output == Shape{32, 32, 32, 1});
  CHECK(summary.total("merger.").output == Shape{32, 32, 32, 1});
  CHECK(summary.total("refiner.layer3.").output == Shape{4, 4, 4, 128});
  CHECK(summary.total("refiner.layer4.").output == Shape{2048});
  CHECK(summary.total("refiner.layer6.").output == Shape{8, 8, 8, 64});
  CHECK(summary.total("refiner.").output == Shape{32, 32, 32, 1});
}

TEST_CASE("the summary of variant F has the published totals") {
  Pix2Vox model(default_model("F"));
  const ModelSummary summary = summarize(model);
  CHECK(summary.parameters == 7'436'307);
  CHECK(summary.total("encoder.").parameters == 4'658'368);
  CHECK(summary.total("decoder.").parameters == 2'769'368);
  CHECK(double(summary.multiply_adds) / 1e9 == doctest::Approx(11.7).epsilon(0.005));
  CHECK(summary.total("encoder.layer2.").output == Shape{6, 6, 256});
  CHECK(summary.total("encoder.").output == Shape{4, 4, 128});

  const std::string text = summary.to_text();
  CHECK(text.find("encoder.layer1.0") != std::string::npos);
  CHECK(text.find("7,436,307") != std::string::npos);
  const auto json = nlohmann::json::parse(summary.to_json());
  CHECK(json["parameters"] == 7'436'307);
  CHECK(json["layers"].size() == summary.layers.size());
  CHECK(json["layers"][0]["output"] == std::vector<int>{224, 224, 64});
}
