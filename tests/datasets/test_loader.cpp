// What the loader promises about its batches: contents, order, and the same bits whatever the
// number of threads.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "datasets/loading/loader.h"
#include "datasets/shapenet/shapenet.h"
#include "tests/datasets/epochs.h"
#include "tests/datasets/fake_dataset.h"
#include "tests/support/tensors.h"
#include "tests/support/tiny_dataset.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

bool same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  return std::ranges::equal(a, b, [](const Batch& x, const Batch& y) {
    const auto id = &ObjectInfo::object_id;
    return identical(x.images, y.images) && identical(x.volumes, y.volumes) && x.size == y.size &&
           x.n_views == y.n_views && std::ranges::equal(x.objects, y.objects, {}, id, id);
  });
}

/// Which object and view of a FakeDataset an image of a batch shows.
struct Shown {
  int object, view;
};
Shown shown(const Batch& batch, std::int64_t row) {
  const float* pixel = batch.images.slice(row, row + 1).data<float>();
  const auto byte = [](float value) { return int(std::lround((value + 1) / 2 * 255)); };
  return {byte(pixel[2]), byte(pixel[1])};
}

std::vector<int> objects_of(const std::vector<Batch>& batches) {
  std::vector<int> objects;
  for (const Batch& batch : batches)
    for (std::int64_t b = 0; b < batch.size; ++b) objects.push_back(shown(batch, b).object);
  return objects;
}

}  // namespace

TEST_CASE("a batch holds all first views, then all second ones") {
  const FakeDataset dataset(7, 4);
  LoaderOptions options = small_options(3, 2);
  options.first_views = true;
  Loader loader(dataset, options);
  const std::vector<Batch> batches = load_epoch(loader, 0);
  REQUIRE(batches.size() == 3);
  CHECK(loader.batches() == 3);
  CHECK(batches[2].size == 1);
  CHECK(batches[2].images.shape() == Shape{2, 6, 6, 3});
  const Batch& batch = batches[1];
  CHECK(batch.size == 3);
  CHECK(batch.n_views == 2);
  CHECK(batch.images.shape() == Shape{6, 6, 6, 3});
  CHECK(batch.volumes.shape() == Shape{3, 8, 8, 8});
  for (int v = 0; v < 2; ++v)
    for (int b = 0; b < 3; ++b) {
      CHECK(shown(batch, v * 3 + b).object == 3 + b);
      CHECK(shown(batch, v * 3 + b).view == v);
    }
  for (int b = 0; b < 3; ++b) {
    CHECK(batch.objects[std::size_t(b)].object_id == "id" + std::to_string(3 + b));
    for (int i = 0; i < 512; ++i)
      REQUIRE(batch.volumes.data<float>()[512 * b + i] == (i == 3 + b ? 1.0f : 0.0f));
  }
  Batch none;
  CHECK_FALSE(loader.next(none));
}

TEST_CASE("an epoch shows every object once, in an order of its own") {
  const FakeDataset dataset(50, 2);
  LoaderOptions options = small_options(8, 1);
  options.shuffle = true;
  Loader loader(dataset, options);
  std::vector<int> first = objects_of(load_epoch(loader, 0));
  const std::vector<int> second = objects_of(load_epoch(loader, 1));
  CHECK(first != second);
  CHECK(objects_of(load_epoch(loader, 1)) == second);
  options.seed = 1;
  Loader other(dataset, options);
  CHECK(objects_of(load_epoch(other, 1)) != second);
  std::ranges::sort(first);
  for (int i = 0; i < 50; ++i) CHECK(first[std::size_t(i)] == i);

  options.drop_last = true;
  Loader dropping(dataset, options);
  CHECK(dropping.batches() == 6);
  CHECK(load_epoch(dropping, 0).size() == 6);
}

TEST_CASE("views are drawn without replacement, anew for every object and epoch") {
  const FakeDataset dataset(20, 6);
  Loader loader(dataset, small_options(20, 6));
  std::set<std::vector<int>> orders;
  for (int epoch = 0; epoch < 2; ++epoch) {
    const Batch batch = load_epoch(loader, epoch).front();
    for (int b = 0; b < 20; ++b) {
      std::vector<int> order;
      for (int v = 0; v < 6; ++v) order.push_back(shown(batch, v * 20 + b).view);
      CHECK(std::set<int>(order.begin(), order.end()).size() == 6);
      orders.insert(order);
    }
  }
  CHECK(orders.size() > 30);
}

TEST_CASE("the number of views can be drawn once an epoch") {
  const FakeDataset dataset(4, 3);
  LoaderOptions options = small_options(2, 3);
  options.random_n_views = true;
  Loader loader(dataset, options), twin(dataset, options);
  std::map<std::int64_t, int> seen;
  for (int epoch = 0; epoch < 40; ++epoch) {
    const std::vector<Batch> batches = load_epoch(loader, epoch);
    CHECK(batches[0].n_views == loader.n_views());
    CHECK(batches[1].n_views == batches[0].n_views);
    twin.start_epoch(epoch);
    CHECK(twin.n_views() == loader.n_views());
    ++seen[batches[0].n_views];
  }
  CHECK(seen.size() == 3);
  CHECK(seen.begin()->first == 1);
}

TEST_CASE("the same bits for any threads, prefetching and cache") {
  const TinyDataset tiny({.train = 7, .views = 4, .n_vox = 8});
  ShapeNetOptions source;
  source.root = tiny.root();
  const ShapeNetDataset dataset(source);
  LoaderOptions options = small_options(4, 3);
  options.transform.size = 32;
  options.random_n_views = options.shuffle = options.augment = true;
  options.seed = 11;
  options.threads = 1;
  Loader reference(dataset, options);
  const std::vector<Batch> epochs[]{load_epoch(reference, 0), load_epoch(reference, 1)};
  CHECK_FALSE(same(epochs[0], epochs[1]));
  for (const int threads : {1, 2, 4, 16})
    for (const std::size_t cache_bytes : {0u, 100'000u, 1u << 30}) {
      options.threads = threads;
      options.prefetch = threads == 2 ? 1 : 3;
      options.cache_bytes = cache_bytes;
      Loader loader(dataset, options);
      CHECK(same(load_epoch(loader, 0), epochs[0]));
      CHECK(same(load_epoch(loader, 1), epochs[1]));
      CHECK(same(load_epoch(loader, 0), epochs[0]));
    }
}

TEST_CASE("an epoch can be taken up at any batch, and left at any") {
  const FakeDataset dataset(23, 4);
  LoaderOptions options = small_options(4, 2);
  options.shuffle = options.augment = true;
  Loader loader(dataset, options);
  const std::vector<Batch> whole = load_epoch(loader, 3);
  for (const std::int64_t first : {1, 4, 6}) {
    Loader resumed(dataset, options);
    const std::vector<Batch> rest = load_epoch(resumed, 3, first);
    CHECK(same(rest, {whole.begin() + first, whole.end()}));
  }
  Batch batch;
  for (int i = 0; i < 20; ++i) {
    loader.start_epoch(i);
    CHECK(loader.next(batch));
  }
  CHECK(same(load_epoch(loader, 3), whole));
  loader.start_epoch(0);  // destroyed while it prefetches
}

TEST_CASE("the cache saves reads, and only up to its limit") {
  const FakeDataset dataset(10, 2);
  LoaderOptions options = small_options(10, 2);
  Loader cached(dataset, options);
  for (int epoch = 0; epoch < 3; ++epoch) load_epoch(cached, epoch);
  CHECK(dataset.views_read == 20);
  CHECK(dataset.volumes_read == 10);
  options.cache_bytes = 1000;
  Loader limited(dataset, options);
  for (int epoch = 0; epoch < 3; ++epoch) load_epoch(limited, epoch);
  CHECK(dataset.views_read > 20 + 40);
  CHECK(dataset.views_read < 20 + 60);
}
