#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "io/foreign_weights.h"
#include "layers/init.h"
#include "pix2vox/weights/weights.h"
#include "tests/pix2vox/tiny.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using testing::error_of;
using testing::says;
using testing::TemporaryFolder;

namespace {

/// The smallest of the known networks, initialised.
Checkpoint mini_checkpoint() {
  Checkpoint checkpoint;
  checkpoint.config.model = default_model("mini", 8);
  Pix2Vox model(checkpoint.config.model);
  initialize(model, 3);
  checkpoint.model = model.state();
  for (NamedTensor& tensor : checkpoint.model) tensor.tensor = tensor.tensor.clone();
  return checkpoint;
}

void check_same(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  REQUIRE(a.size() == b.size());
  for (const NamedTensor& tensor : a) {
    CAPTURE(tensor.name);
    const auto found = std::ranges::find(b, tensor.name, &NamedTensor::name);
    REQUIRE(found != b.end());
    REQUIRE(found->tensor.shape() == tensor.tensor.shape());
    CHECK(std::memcmp(found->tensor.raw(), tensor.tensor.raw(), tensor.tensor.bytes()) == 0);
  }
}

/// As PyTorch's: the file's own tensors, to be changed and written again.
std::vector<NamedTensor> published(const TemporaryFolder& folder, const Checkpoint& checkpoint) {
  save_weights(folder / "p.pth", checkpoint);
  return read_foreign_weights(folder / "p.pth").tensors;
}

NamedTensor& find(std::vector<NamedTensor>& tensors, const std::string& name) {
  const auto found = std::ranges::find(tensors, name, &NamedTensor::name);
  REQUIRE(found != tensors.end());
  return *found;
}

}  // namespace

TEST_CASE("weights come back from every format with the same bits, names and network") {
  const TemporaryFolder folder;
  const Checkpoint checkpoint = mini_checkpoint();
  for (const char* name : {"a.h5", "a.pth", "a.pt", "a.safetensors"}) {
    CAPTURE(name);
    save_weights(folder / name, checkpoint);
    const LoadedWeights back = load_weights(folder / name);
    check_same(checkpoint.model, back.checkpoint.model);
    CHECK(back.checkpoint.config.model.same_architecture(checkpoint.config.model));
    Pix2Vox model(back.checkpoint.config.model);
    model.load_state(back.checkpoint.model);
  }
  CHECK(says(error_of<ConfigError>([&] { save_weights(folder / "a.txt", checkpoint); }),
             ".safetensors"));
}

TEST_CASE("safetensors keep the threshold, and hold half as many bytes if asked to") {
  const TemporaryFolder folder;
  Checkpoint checkpoint = mini_checkpoint();
  checkpoint.threshold = 0.45;
  save_weights(folder / "full.safetensors", checkpoint);
  save_weights(folder / "half.safetensors", checkpoint, true);
  CHECK(load_weights(folder / "full.safetensors").checkpoint.threshold == 0.45);
  Checkpoint half = load_weights(folder / "half.safetensors").checkpoint;
  CHECK(half.threshold == 0.45);
  CHECK(std::filesystem::file_size(folder / "half.safetensors") <
        0.6 * double(std::filesystem::file_size(folder / "full.safetensors")));
  REQUIRE(half.model.size() == checkpoint.model.size());
  for (const auto& [name, tensor] : checkpoint.model) {
    const std::vector<double> a = tensor.to(DType::f64).to_vector<double>();
    const std::vector<double> b = find(half.model, name).tensor.to(DType::f64).to_vector<double>();
    for (std::size_t i = 0; i < a.size(); ++i) {
      CAPTURE(name);
      REQUIRE(std::abs(a[i] - b[i]) <= std::abs(a[i]) * 0x1p-11 + 0x1p-25);
    }
  }
  CHECK(says(error_of<ConfigError>([&] { save_weights(folder / "a.h5", checkpoint, true); }),
             ".safetensors only"));
}

TEST_CASE("axes are PyTorch's outside: output, input, then the kernel") {
  const TemporaryFolder folder;
  const Checkpoint checkpoint = mini_checkpoint();
  std::vector<NamedTensor> outside = published(folder, checkpoint);
  const Tensor theirs = find(outside, "encoder_state_dict.vgg.3.weight").tensor;
  const auto ours = std::ranges::find(checkpoint.model, "encoder.vgg.3.weight", &NamedTensor::name);
  REQUIRE(ours != checkpoint.model.end());
  const Shape s = ours->tensor.shape();
  REQUIRE(theirs.shape() == Shape{s[0], s[3], s[1], s[2]});
  for (std::int64_t o : {std::int64_t{0}, s[0] - 1})
    for (std::int64_t i : {std::int64_t{1}, s[3] - 1})
      for (std::int64_t y = 0; y < 3; ++y)
        for (std::int64_t x = 0; x < 3; ++x)
          CHECK(theirs.data<float>()[((o * s[3] + i) * 3 + y) * 3 + x] ==
                ours->tensor.data<float>()[((o * 3 + y) * 3 + x) * s[3] + i]);
  CHECK(find(outside, "encoder_state_dict.vgg.1.num_batches_tracked").tensor.shape() == Shape{});
}

TEST_CASE("prefixes of several GPUs, wrappers and old counters are understood") {
  const TemporaryFolder folder;
  const Checkpoint checkpoint = mini_checkpoint();
  std::vector<NamedTensor> tensors = published(folder, checkpoint);
  for (NamedTensor& tensor : tensors) {
    const std::string mark = "_state_dict.";
    tensor.name.insert(tensor.name.find(mark) + mark.size(), "module.");
  }
  SUBCASE("module.") {}
  SUBCASE("a wrapper") {
    for (NamedTensor& tensor : tensors) tensor.name.insert(0, "state_dict.");
  }
  SUBCASE("without counters") {
    const auto is_counter = [](const NamedTensor& t) { return t.name.ends_with("tracked"); };
    REQUIRE(std::erase_if(tensors, is_counter) > 0);
  }
  write_torch(folder / "b.pth", tensors, false);
  check_same(checkpoint.model, load_weights(folder / "b.pth").checkpoint.model);
}

TEST_CASE("what is not this network is listed") {
  const TemporaryFolder folder;
  const Checkpoint checkpoint = mini_checkpoint();
  std::vector<NamedTensor> tensors = published(folder, checkpoint);
  std::string expected;
  SUBCASE("missing") {
    std::erase_if(tensors, [](const NamedTensor& t) { return t.name.ends_with("vgg.3.bias"); });
    expected = "missing: encoder.vgg.3.bias";
  }
  SUBCASE("extra") {
    tensors.push_back({"encoder_state_dict.layer9.0.weight", Tensor::zeros({2})});
    expected = "extra: encoder.layer9.0.weight";
  }
  SUBCASE("another shape") {
    find(tensors, "encoder_state_dict.vgg.0.bias").tensor = Tensor::zeros({5});
    expected = "another shape: encoder.vgg.0.bias is [5], expected";
  }
  SUBCASE("not finite") {
    const Tensor& bias = find(tensors, "encoder_state_dict.vgg.0.bias").tensor;
    bias.data<float>()[1] = std::nanf("");
    expected = "1 values are NaN or infinite, in encoder.vgg.0.bias";
  }
  SUBCASE("another kind of network") {
    tensors = {{"features.0.weight", Tensor::zeros({4, 3, 3, 3})}};
    expected = "holds no Pix2Vox";
  }
  write_torch(folder / "c.pth", tensors, false);
  CHECK(says(error_of([&] { load_weights(folder / "c.pth"); }), expected));
}

TEST_CASE("partial weights: what fits is loaded, the rest is listed with its reason") {
  const TemporaryFolder folder;
  const Checkpoint checkpoint = mini_checkpoint();
  for (const char* name : {"a.h5", "a.pth"}) {
    save_weights(folder / name, checkpoint);
    // The same network: everything fits.
    const PartialWeights all = load_fitting_weights(folder / name, checkpoint.config.model);
    CHECK(std::int64_t(all.tensors.size()) == all.wanted);
    check_same(checkpoint.model, all.tensors);
    // A larger volume: one more layer in the decoder, so that other layers have other channels.
    const ModelConfig larger = default_model("mini", 16);
    const PartialWeights some = load_fitting_weights(folder / name, larger);
    CHECK(some.tensors.size() > 10);
    CHECK(std::int64_t(some.tensors.size()) < some.wanted);
    const Pix2Vox model(larger);
    const std::vector<NamedTensor> own = model.state();
    for (const NamedTensor& tensor : some.tensors) {
      const auto found = std::ranges::find(own, tensor.name, &NamedTensor::name);
      REQUIRE(found != own.end());
      CHECK(found->tensor.shape() == tensor.tensor.shape());
    }
    std::string notes;
    for (const std::string& note : some.notes) notes += note + "\n";
    CHECK(says(notes, "stays as drawn: it is"));
    for (const NamedTensor& tensor : own) {
      const bool loaded = std::ranges::count(some.tensors, tensor.name, &NamedTensor::name) == 1;
      CHECK(loaded != (notes.find(tensor.name + " stays as drawn") != std::string::npos));
    }
  }
  const std::vector<NamedTensor> others{{"something", Tensor::zeros({2})}};
  write_safetensors(folder / "other.safetensors", others);
  CHECK(says(error_of([&] {
               load_fitting_weights(folder / "other.safetensors", checkpoint.config.model);
             }),
             "no tensor fits"));
}
