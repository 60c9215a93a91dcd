// Times the way of a picture into the network, stage by stage, on one core:
//   benchmark_loader DATA [IMAGES = 1000] [ROUNDS = 5] [--json]
// DATA has the 3D-R2N2 layout; pictures are taken from the training split, an object at a time.
// Images per second of processor time (a busy machine spoils wall-clock times), medians of the
// rounds. "cold" reads, decodes and transforms (files may be in the operating system's cache); the
// loader's lines run it with one thread, volumes and batches included: reading files in its first
// epoch, from its cache later. The counterpart in Python is loader_reference.py;
// loader_vs_reference runs both.
#include "datasets/loading/loader.h"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "datasets/shapenet/shapenet.h"
#include "datasets/transforms/transforms.h"
#include "io/file.h"
#include "tensor/error.h"
#include "tensor/tensor.h"

using namespace voxgrad;

namespace {

struct Stage {
  std::string name;
  double images_per_second = 0;
};

double seconds_of(const std::function<void()>& run) {
  const std::clock_t start = std::clock();
  run();
  return double(std::clock() - start) / CLOCKS_PER_SEC;
}

class Stages {
 public:
  Stages(const Dataset& dataset, int images, int rounds)
      : dataset_(dataset), images_(images), rounds_(rounds), result_({16, 224, 224, 3}) {
    for (int i = 0; i < images; ++i) {
      const std::int64_t object = i % dataset.size();
      const int view = int(i / dataset.size()) % dataset.view_count(object);
      files_.push_back(dataset.view_name(object, view));
      bytes_.push_back(read_file(files_.back(), std::size_t(1) << 29));
      pictures_.push_back(decode_image(bytes_.back(), files_.back()));
    }
  }

  std::vector<Stage> run() {
    each("read", [&](int i) { read_file(files_[at(i)], std::size_t(1) << 29); });
    each("decode", [&](int i) { decode_image(bytes_[at(i)], files_[at(i)]); });
    each("transform, test", [&](int i) { transform(pictures_[at(i)], i, false); });
    each("transform, training", [&](int i) { transform(pictures_[at(i)], i, true); });
    each("cold, test", [&](int i) { transform(read_image(files_[at(i)]), i, false); });
    each("cold, training", [&](int i) { transform(read_image(files_[at(i)]), i, true); });
    each("volume", [&](int i) { dataset_.volume(i % dataset_.size()); });
    loader();
    return stages_;
  }

 private:
  static std::size_t at(int i) { return std::size_t(i); }

  void transform(const Image& picture, int i, bool training) {
    Rng rng(1, {std::uint64_t(i)});
    const AugmentationDraw draw =
        training ? sample_augmentation(rng, 1, options_) : no_augmentation(1, options_);
    // Round a ring of results, like the rows of a batch: none is in the processor's cache.
    transform_view(picture, {}, draw, 0, options_, result_.slice(i % 16, i % 16 + 1).data<float>());
  }

  void note(const std::string& name, std::vector<double> seconds, double images) {
    std::ranges::sort(seconds);
    stages_.push_back({name, images / seconds[seconds.size() / 2]});
  }

  void each(const std::string& name, const std::function<void(int)>& run) {
    std::vector<double> seconds;
    for (int round = 0; round < rounds_; ++round)
      seconds.push_back(seconds_of([&] {
        for (int i = 0; i < images_; ++i) run(i);
      }));
    note(name, seconds, images_);
  }

  void loader() {
    LoaderOptions options;
    options.batch_size = std::min<std::int64_t>(64, dataset_.size());
    options.shuffle = options.augment = options.drop_last = true;
    options.first_views = true;  // the same pictures in every epoch: the second finds all of them
    options.threads = 1;
    std::vector<double> cold, cached;
    std::int64_t images = 0;
    for (int round = 0; round < rounds_; ++round) {
      Loader loader(dataset_, options);
      images = loader.batches() * options.batch_size;
      const auto epoch = [&](int number) {
        loader.start_epoch(number);
        for (Batch batch; loader.next(batch);) {
        }
      };
      cold.push_back(seconds_of([&] { epoch(0); }));
      epoch(1);  // brings what the first one dropped
      cached.push_back(seconds_of([&] { epoch(2); }));
    }
    note("loader, first epoch", cold, double(images));
    note("loader, cached", cached, double(images));
  }

  const Dataset& dataset_;
  const int images_, rounds_;
  const TransformOptions options_{};
  const Tensor result_;
  std::vector<std::string> files_;
  std::vector<std::vector<std::uint8_t>> bytes_;
  std::vector<Image> pictures_;
  std::vector<Stage> stages_;
};

}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool json = std::erase(arguments, "--json") > 0;
  if (arguments.empty() || arguments.size() > 3) {
    fmt::print(stderr, "usage: benchmark_loader DATA [IMAGES = 1000] [ROUNDS = 5] [--json]\n");
    return 2;
  }
  ShapeNetOptions source;
  source.root = arguments[0];
  const ShapeNetDataset dataset(source);
  const int images = arguments.size() > 1 ? std::stoi(arguments[1]) : 1000;
  const int rounds = arguments.size() > 2 ? std::stoi(arguments[2]) : 5;
  check<ConfigError>(images >= 1 && rounds >= 1, "IMAGES and ROUNDS must be positive");
  const std::vector<Stage> stages = Stages(dataset, images, rounds).run();
  if (json) {
    fmt::print("{{");
    for (const Stage& stage : stages)
      fmt::print("{}\"{}\": {:.1f}", &stage == stages.data() ? "" : ", ", stage.name,
                 stage.images_per_second);
    fmt::print("}}\n");
    return 0;
  }
  fmt::print("{:<22} {:>10} {:>10}\n", "stage", "images/s", "us");
  for (const auto& [name, rate] : stages)
    fmt::print("{:<22} {:10.0f} {:10.1f}\n", name, rate, 1e6 / rate);
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "benchmark_loader: {}\n", error.what());
  return 1;
}
