#include <doctest/doctest.h>

#include "pix2vox/benchmark/benchmark.h"
#include "pix2vox/benchmark/data.h"
#include "pix2vox/benchmark/peak_flops.h"

using namespace voxgrad;

TEST_CASE("a sample's work is that of the published networks") {
  // Thousand millions of multiply-adds. One view needs no merger (0.28 a pass), or only forward.
  const auto work = [](const std::string& variant, std::int64_t views) {
    Pix2Vox model(default_model(variant));
    SampleWork result = sample_work(model, views);
    for (double SampleWork::*pass :
         {&SampleWork::inference, &SampleWork::forward, &SampleWork::backward})
      result.*pass /= 2e9;
    return result;
  };
  const SampleWork a = work("A", 1), f = work("F", 1), f8 = work("F", 8);
  CHECK(a.inference == doctest::Approx(15.7 - 0.28).epsilon(0.005).scale(0));
  CHECK(a.forward == doctest::Approx(15.7).epsilon(0.005).scale(0));
  CHECK(a.forward + a.backward == doctest::Approx(25.1 - 2 * 0.28).epsilon(0.005).scale(0));
  CHECK(f.forward == doctest::Approx(11.7).epsilon(0.005).scale(0));
  CHECK(f.forward + f.backward == doctest::Approx(14.5 - 2 * 0.28).epsilon(0.005).scale(0));
  CHECK(f8.inference == doctest::Approx(8 * f.forward));
}

TEST_CASE(
    "a frozen part computes no gradient of its weights, nor any before the first trained one") {
  Pix2Vox model(default_model("F"));
  const std::vector<LayerSummary> layers = summarize(model).layers;
  const auto backward = [&](const std::string& name) {
    const std::vector<SampleWork> works = layer_works(model, layers, 2);
    for (std::size_t i = 0; i < layers.size(); ++i)
      if (layers[i].name == name) return works[i].backward / works[i].forward;
    return -1.0;
  };
  CHECK(backward("encoder.vgg.0") == 0);
  CHECK(backward("encoder.layer1.0") == 1);
  CHECK(backward("encoder.layer2.0") == 2);
  CHECK(backward("merger.layer1.0") == 2);
  model.freeze({"encoder", "decoder"});
  CHECK(backward("encoder.layer2.0") == 0);
  CHECK(backward("decoder.layer1.0") == 0);
  CHECK(backward("merger.layer1.0") == 1);
}

TEST_CASE("the median of an even number of runs lies between the middle two") {
  CHECK(Timing{{1, 2, 4}}.median() == 2);
  CHECK(Timing{{1, 2, 4, 8}}.median() == 3);
  CHECK(Timing{{1, 2, 4}}.least() == 1);
}

TEST_CASE("the peak is measured for f32") {
  const Peak peak = measure_peak_flops(Device::cpu());
  CHECK(peak.operations > 1e9);
  CHECK_FALSE(peak.how.empty());
  CHECK_THROWS_WITH(measure_peak_flops(Device::cpu(), DType::f64), doctest::Contains("f64"));
}
