// What Pix2Vox computes on the weights and inputs of tests/golden/README.md, in f32, so that others
// can be compared with it:
//   benchmark_formula_numbers inference A 1 1 FILE    writes the volume, f32 [batch,32,32,32]
//   benchmark_formula_numbers training A 1 2          prints both losses before and after a step
// The arguments are variant (A, F, PPA or PPF for Pix2Vox++), views and batch. Inference takes one
// object.
#define DOCTEST_CONFIG_IMPLEMENT  // tests/support/ needs it
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <fstream>
#include <string>

#include "optim/optimizer.h"
#include "tests/support/golden_model.h"

using namespace voxgrad;

namespace {

void write_volume(const golden::ModelRun& run, std::int64_t views, std::int64_t batch,
                  const std::string& file) {
  const NoGrad no_grad;
  const auto model = golden::make_model(run);
  model->train(false);
  const Tensor volume =
      model->forward(golden::make_pictures(run, batch, views), views).volume().value();
  std::ofstream out(file, std::ios::binary);
  out.write(static_cast<const char*>(volume.raw()), std::streamsize(volume.bytes()));
  check(out.good(), file, ": cannot be written");
}

void print_losses(const golden::ModelRun& run, std::int64_t views, std::int64_t batch) {
  const auto model = golden::make_model(run);
  const Tensor pictures = golden::make_pictures(run, batch, views);
  const Tensor truth = golden::make_truth(run, batch);
  std::vector<ParameterEntry> trained;
  for (const auto& [name, parameter] : model->parameters())
    if (parameter.requires_grad())
      trained.push_back({name, parameter, std::size_t(name.starts_with("merger.") ? 1 : 0)});
  const auto adam = make_adam(trained, {1e-3, 1e-4});
  for (int step = 0; step < 2; ++step) {
    adam->zero_grad();
    const Losses losses = Pix2Vox::losses(model->forward(pictures, views), truth);
    fmt::print("{:.9g}", losses.merged.value().item());
    if (losses.refined.defined()) fmt::print(" {:.9g}", losses.refined.value().item());
    fmt::print("\n");
    losses.total.backward();
    adam->step();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (argc < 5) {
    fmt::print(stderr, "usage: {} inference|training A|F|PPA|PPF VIEWS BATCH [FILE]\n", words[0]);
    return 2;
  }
  golden::ModelRun run;
  run.config = default_model(words[2].starts_with("PP") ? "++" + words[2].substr(2) : words[2]);
  run.dtype = DType::f32;
  const std::int64_t views = std::stoll(words[3]), batch = std::stoll(words[4]);
  run.folded = words[1] == "inference";
  if (run.folded)
    write_volume(run, views, batch, words.at(5));
  else
    print_losses(run, views, batch);
}
