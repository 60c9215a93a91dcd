// What the loader does when samples are bad, threads are stuck or options make no sense.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

#include "datasets/loading/loader.h"
#include "tensor/error.h"
#include "tests/datasets/epochs.h"
#include "tests/datasets/fake_dataset.h"
#include "tests/support/expect_error.h"
#include "tests/support/tensors.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

auto fail_for(const std::vector<std::int64_t>& bad) {
  return [bad](std::int64_t object) {
    check<DataError>(std::ranges::count(bad, object) == 0, "fake/", object, ": damaged");
  };
}

}  // namespace

TEST_CASE("an error in a thread reaches next() with the object and the file") {
  for (const int threads : {1, 3}) {
    LoaderOptions options = small_options();
    options.threads = threads;
    FakeDataset dataset(10, 2);
    dataset.before_view = fail_for({6, 5});
    Loader loader(dataset, options);
    loader.start_epoch(0);
    Batch batch;
    CHECK(loader.next(batch));
    const std::string message = error_of<DataError>([&] { loader.next(batch); });
    CHECK(says(message, "object chair id5"));  // the first of the batch, whoever failed first
    CHECK(says(message, "fake/5: damaged"));
  }
}

TEST_CASE("errors of other kinds keep their kind") {
  FakeDataset surprising(4, 2), starved(4, 2);
  surprising.before_volume = [](std::int64_t) { throw std::runtime_error("surprise"); };
  starved.before_volume = [](std::int64_t) { fail<DeviceError>("no memory"); };
  LoaderOptions options = small_options();
  options.skip_bad = 1;
  Batch batch;
  Loader first(surprising, options), second(starved, options);
  first.start_epoch(0);
  CHECK(says(error_of<Error>([&] { first.next(batch); }), "object chair id0: surprise"));
  second.start_epoch(0);
  CHECK(says(error_of<DeviceError>([&] { second.next(batch); }), "object chair id0: no memory"));
}

TEST_CASE("volumes of another size and too few views are data errors") {
  const FakeDataset dataset(4, 2);
  Batch batch;
  LoaderOptions options = small_options();
  options.n_vox = 16;
  Loader large(dataset, options);
  large.start_epoch(0);
  const std::string message = error_of<DataError>([&] { large.next(batch); });
  CHECK(says(message, "fake/0.binvox"));
  CHECK(says(message, "8^3"));
  CHECK(says(message, "16^3"));
  Loader many(dataset, small_options(4, 3));
  many.start_epoch(0);
  CHECK(says(error_of<DataError>([&] { many.next(batch); }), "2 views and 3 are asked for"));
}

TEST_CASE("bad samples are replaced and reported up to the allowed share") {
  FakeDataset dataset(100, 2), worse(100, 2);
  dataset.before_volume = fail_for({17});
  worse.before_volume = fail_for({17, 60});
  LoaderOptions options = small_options();
  options.shuffle = options.augment = true;
  options.skip_bad = 0.01;
  options.threads = 1;
  Loader reference(dataset, options);
  const std::vector<Batch> expected = load_epoch(reference, 0);
  REQUIRE(reference.skipped().size() == 1);
  const SkippedObject skip = reference.skipped()[0];
  CHECK(skip.object == 17);
  CHECK(skip.replacement != 17);
  CHECK(says(skip.message, "fake/17: damaged"));
  int replaced = 0;
  for (const Batch& batch : expected)
    for (const ObjectInfo& info : batch.objects) {
      CHECK(info.object_id != "id17");
      replaced += info.object_id == "id" + std::to_string(skip.replacement) ? 1 : 0;
    }
  CHECK(replaced == 2);

  options.threads = 4;
  Loader parallel(dataset, options);
  const std::vector<Batch> batches = load_epoch(parallel, 0);
  REQUIRE(batches.size() == expected.size());
  for (std::size_t i = 0; i < batches.size(); ++i)
    CHECK(identical(batches[i].images, expected[i].images));
  load_epoch(parallel, 1);
  CHECK(parallel.skipped().size() == 1);

  Loader too_many(worse, options);
  const std::string message = error_of<DataError>([&] { load_epoch(too_many, 0); });
  CHECK(says(message, "2 of 100 objects"));
  CHECK(says(message, "damaged"));
}

TEST_CASE("a data set that is bad throughout is an error even if all may be skipped") {
  FakeDataset dataset(8, 2);
  dataset.before_view = [](std::int64_t object) { fail<DataError>("fake/", object, ": damaged"); };
  LoaderOptions options = small_options();
  options.skip_bad = 1;
  Loader loader(dataset, options);
  CHECK(says(error_of<DataError>([&] { load_epoch(loader, 0); }), "damaged"));
}

TEST_CASE("a thread that is stuck is reported, and does not hold up the end") {
  // The stuck thread outlives the loader, so the data set and the gate must as well.
  static FakeDataset dataset(8, 2);
  static std::promise<void> gate;
  static std::shared_future<void> opened = gate.get_future().share();
  dataset.before_view = [](std::int64_t object) {
    if (object == 5) opened.wait();
  };
  LoaderOptions options = small_options();
  options.stall_seconds = 1.5;  // long enough for a busy machine
  {
    Loader loader(dataset, options);
    loader.start_epoch(0);
    Batch batch;
    CHECK(loader.next(batch));
    const std::string message = error_of<DataError>([&] { loader.next(batch); });
    CHECK(says(message, "object chair id5"));
    CHECK(says(message, "1.5 s"));
  }
  gate.set_value();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

TEST_CASE("waiting is measured") {
  FakeDataset dataset(4, 1);
  dataset.before_view = [](std::int64_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  };
  LoaderOptions options = small_options();
  options.threads = 1;
  Loader loader(dataset, options);
  load_epoch(loader, 0);
  const double first = loader.wait_seconds();
  CHECK(first >= 0.1);
  load_epoch(loader, 1);  // from the cache; a sum over both epochs would be larger
  CHECK(loader.wait_seconds() < first);
}

TEST_CASE("loader options are checked") {
  const FakeDataset dataset(4, 1), empty(0, 1);
  const auto refused = [&](auto change) {
    LoaderOptions options = small_options();
    change(options);
    CHECK_THROWS_AS(Loader(dataset, options), ConfigError);
  };
  refused([](LoaderOptions& options) { options.batch_size = 0; });
  refused([](LoaderOptions& options) { options.n_views = 0; });
  refused([](LoaderOptions& options) { options.n_vox = 1000; });
  refused([](LoaderOptions& options) { options.threads = 0; });
  refused([](LoaderOptions& options) { options.prefetch = 0; });
  refused([](LoaderOptions& options) { options.skip_bad = 1.5; });
  refused([](LoaderOptions& options) { options.stall_seconds = 0; });
  refused([](LoaderOptions& options) { options.transform.size = 0; });

  LoaderOptions options = small_options(5);
  options.drop_last = true;
  CHECK(says(error_of<DataError>([&] { Loader(dataset, options); }), "4 objects"));
  CHECK(says(error_of<DataError>([&] { Loader(empty, options); }), "no objects"));
  Batch batch;
  Loader loader(dataset, small_options());
  CHECK(says(error_of<Error>([&] { loader.next(batch); }), "start_epoch"));
  CHECK(says(error_of<Error>([&] { loader.start_epoch(0, 2); }), "no batch 2"));
}
