// An error or a stall at each stage of a sample (picture, transform, volume) reaches the trainer
// with the object's name, for any number of threads, and leaves the loader usable.
#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <new>
#include <thread>

#include "datasets/loading/loader.h"
#include "tensor/error.h"
#include "tests/datasets/epochs.h"
#include "tests/datasets/fake_dataset.h"
#include "tests/support/expect_error.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

enum class Stage { picture, transform, volume };
constexpr Stage stages[]{Stage::picture, Stage::transform, Stage::volume};
constexpr std::int64_t bad_object = 6;  // in the second batch of four

/// Runs `action` at one stage of one object, while it is on.
class StagedDataset : public FakeDataset {
 public:
  StagedDataset(Stage stage, std::function<void()> action)
      : FakeDataset(12, 2), stage_(stage), action_(std::move(action)) {}

  Image view(std::int64_t object, int view) const override {
    act(Stage::picture, object);
    return FakeDataset::view(object, view);
  }
  VoxelGrid volume(std::int64_t object) const override {
    act(Stage::volume, object);
    return FakeDataset::volume(object);
  }
  /// The loader asks for it as it transforms.
  std::optional<Box> box(std::int64_t object, int) const override {
    act(Stage::transform, object);
    return {};
  }

  std::atomic<bool> on{true};

 private:
  void act(Stage stage, std::int64_t object) const {
    if (on && stage == stage_ && object == bad_object) action_();
  }

  Stage stage_;
  std::function<void()> action_;
};

}  // namespace

TEST_CASE("an error at any stage reaches next() with its kind and the object's name") {
  for (const Stage stage : stages)
    for (const int threads : {1, 4}) {
      CAPTURE(int(stage));
      CAPTURE(threads);
      LoaderOptions options = small_options(4, 2);
      options.threads = threads;
      options.cache_bytes = 0;
      Batch batch;
      StagedDataset damaged(stage, [] { fail<DataError>("a file: damaged"); });
      StagedDataset starved(stage, [] { throw std::bad_alloc(); });
      Loader first(damaged, options), second(starved, options);
      first.start_epoch(0);
      CHECK(first.next(batch));
      for (int again = 0; again < 2; ++again) {
        const std::string message = error_of<DataError>([&] { first.next(batch); });
        CHECK(says(message, "object chair id6"));
        CHECK(says(message, "a file: damaged"));
      }
      second.start_epoch(0);
      CHECK(second.next(batch));
      CHECK(says(error_of<Error>([&] { second.next(batch); }), "object chair id6"));

      damaged.on = false;
      CHECK(load_epoch(first, 1).size() == 3);
    }
}

TEST_CASE("a picture that cannot be transformed is a data error with the file's name") {
  class Empty : public FakeDataset {
   public:
    using FakeDataset::FakeDataset;
    Image view(std::int64_t, int) const override { return {}; }
  };
  const Empty dataset(4, 1);
  Loader loader(dataset, small_options());
  loader.start_epoch(0);
  Batch batch;
  const std::string message = error_of<DataError>([&] { loader.next(batch); });
  CHECK(says(message, dataset.view_name(0, 0)));
  CHECK(says(message, "needs pixels"));
}

TEST_CASE("a stall while transforming or reading a volume is reported with the object's name") {
  // A stuck thread outlives its loader, so what it uses must as well.
  struct Stuck {
    explicit Stuck(Stage stage)
        : dataset(stage, [this] {
            opened.wait();
            left.set_value();
          }) {}
    std::promise<void> gate, left;
    std::shared_future<void> opened = gate.get_future().share();
    StagedDataset dataset;
  };
  static Stuck transform(Stage::transform),
      volume(Stage::volume);  // pictures: test_loader_errors.cpp
  for (Stuck* const stuck : {&transform, &volume}) {
    LoaderOptions options = small_options(4, 1);
    options.stall_seconds = 1.2;  // long enough for a busy machine
    {
      Loader loader(stuck->dataset, options);
      loader.start_epoch(0);
      Batch batch;
      CHECK(loader.next(batch));
      CHECK(says(error_of<DataError>([&] { loader.next(batch); }), "object chair id6"));
    }  // does not wait for the stuck thread
    auto left = stuck->left.get_future();
    stuck->gate.set_value();
    CHECK(left.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
}
