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
  CHECK(work("") == doctest::Approx(15.7).epsilon(0.005).scale(0));
  CHECK(work("encoder.vgg.") == doctest::Approx(10.26).epsilon(0.001).scale(0));
  CHECK(work("encoder.layer") == doctest::Approx(2.96).epsilon(0.003).scale(0));
  CHECK(work("decoder.") == doctest::Approx(1.01).epsilon(0.01).scale(0));
  CHECK(work("merger.") == doctest::Approx(0.28).epsilon(0.02).scale(0));
  CHECK(work("refiner.") == doctest::Approx(1.24).epsilon(0.01).scale(0));

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
  CHECK(double(summary.multiply_adds) / 1e9 == doctest::Approx(11.7).epsilon(0.005).scale(0));
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

TEST_CASE("the summaries of Pix2Vox++ have the published totals") {
  struct Totals {
    std::int64_t all, trunk, encoder, decoder, merger, refiner;
    double work, trunk_work, merger_work;  // thousand millions of multiply-adds
  };
  const auto check = [](const std::string& variant, const Totals& expected) {
    CAPTURE(variant);
    Pix2Vox model(default_model(variant));
    const ModelSummary summary = summarize(model);
    CHECK(summary.parameters == expected.all);
    CHECK(summary.total("encoder.resnet.").parameters == expected.trunk);
    CHECK(summary.total("encoder.").parameters == expected.encoder);
    CHECK(summary.total("decoder.").parameters == expected.decoder);
    CHECK(summary.total("merger.").parameters == expected.merger);
    CHECK(summary.total("refiner.").parameters == expected.refiner);
    CHECK(double(summary.multiply_adds) / 1e9 ==
          doctest::Approx(expected.work).epsilon(0.003).scale(0));
    CHECK(double(summary.total("encoder.resnet.").multiply_adds) / 1e9 ==
          doctest::Approx(expected.trunk_work).epsilon(0.005).scale(0));
    CHECK(double(summary.total("merger.").multiply_adds) / 1e9 ==
          doctest::Approx(expected.merger_work).epsilon(0.01).scale(0));
    const std::int64_t trunk_channels = variant == "++A" ? 512 : 128;
    CHECK(summary.total("encoder.resnet.0").output == Shape{112, 112, 64});
    CHECK(summary.total("encoder.resnet.3").output == Shape{56, 56, 64});
    CHECK(summary.total("encoder.resnet.").output == Shape{28, 28, trunk_channels});
    CHECK(summary.total("encoder.layer2.").output == Shape{14, 14, trunk_channels / 2});
    CHECK(summary.total("encoder.").output == Shape{7, 7, trunk_channels / 2});
    CHECK(summary.total("decoder.").output == Shape{32, 32, 32, 1});
    CHECK(summary.total("merger.").output == Shape{32, 32, 32, 1});
    return summary.to_text();
  };
  check("++A", {.all = 96'329'421,
                .trunk = 1'444'928,
                .encoder = 5'576'768,
                .decoder = 55'854'424,
                .merger = 17'877,
                .refiner = 34'880'352,
                .work = 7.41,
                .trunk_work = 1.81,
                .merger_work = 0.58});
  const std::string text = check("++F", {.all = 4'843'245,
                                         .trunk = 683'072,
                                         .encoder = 941'888,
                                         .decoder = 3'883'480,
                                         .merger = 17'877,
                                         .refiner = 0,
                                         .work = 1.95,
                                         .trunk_work = 0.99,
                                         .merger_work = 0.58});
  CHECK(text.starts_with("Pix2Vox++/F: "));
  CHECK(text.find("encoder.resnet.5.0.downsample.0") != std::string::npos);
}
