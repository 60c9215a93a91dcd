// Data sets mixed by weights, in epochs of a fixed length, without near-duplicates of what is held
// out.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "datasets/loading/epoch_order.h"
#include "datasets/mixed_dataset.h"
#include "tensor/error.h"
#include "tests/datasets/epochs.h"
#include "tests/datasets/fake_dataset.h"
#include "tests/support/tensors.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

// A fake whose volumes are boxes of height 1 + (object + first) % 8, and weigh something.
struct Boxes : FakeDataset {
  Boxes(int objects, int first_object, double object_weight = 1)
      : FakeDataset(objects, 2), first(first_object), weight_of_each(object_weight) {}
  VoxelGrid volume(std::int64_t object) const override {
    VoxelGrid grid(8);
    const int height = 1 + int(object + first) % 8;
    for (int x = 0; x < 8; ++x)
      for (int y = 0; y < height; ++y)
        for (int z = 0; z < 8; ++z) grid.at(x, y, z) = 1;
    return grid;
  }
  double weight(std::int64_t) const override { return weight_of_each; }
  int first;
  double weight_of_each;
};

std::map<std::int64_t, int> times_shown(const std::vector<EpochEntry>& epoch) {
  std::map<std::int64_t, int> times;
  for (const EpochEntry& entry : epoch) ++times[entry.object];
  return times;
}

}  // namespace

TEST_CASE("objects of weight 1 are shown once, in the order of a permutation") {
  const FakeDataset data(9, 1);
  CHECK(epoch_length(data) == 9);
  const auto epoch = shuffled_epoch(data, 4, 2);
  const auto order = Rng(4, {1, 2}).permutation(9);
  REQUIRE(epoch.size() == 9);
  for (std::size_t i = 0; i < epoch.size(); ++i) {
    CHECK(epoch[i].object == order[i]);
    CHECK(epoch[i].repeat == 0);
  }
}

TEST_CASE("weights say how often an epoch shows an object") {
  const Boxes twice_and_a_half(10, 0, 2.5), rarely(10, 0, 0.3);
  CHECK(epoch_length(twice_and_a_half) == 25);
  CHECK(epoch_length(rarely) == 3);
  const auto epoch = shuffled_epoch(twice_and_a_half, 1, 0);
  const auto times = times_shown(epoch);
  CHECK(times.size() == 10);
  CHECK(std::ranges::count_if(times, [](const auto& t) { return t.second == 3; }) == 5);
  CHECK(std::ranges::count_if(times, [](const auto& t) { return t.second == 2; }) == 5);
  for (const EpochEntry& entry : epoch) CHECK(entry.repeat < 3);

  std::map<std::int64_t, int> over_epochs;
  for (std::uint64_t number = 0; number < 40; ++number) {
    const auto shown = shuffled_epoch(rarely, 1, number);
    REQUIRE(shown.size() == 3);
    CHECK(times_shown(shown).size() == 3);
    for (const auto& [object, count] : times_shown(shown)) over_epochs[object] += count;
  }
  CHECK(over_epochs.size() == 10);  // each has its turn
  CHECK(std::ranges::equal(shuffled_epoch(rarely, 1, 5), shuffled_epoch(rarely, 1, 5), {},
                           &EpochEntry::object, &EpochEntry::object));
  CHECK_THROWS_WITH(epoch_length(Boxes(2, 0, -1)), doctest::Contains("weight"));
}

TEST_CASE("an object shown twice in an epoch is drawn anew") {
  const Boxes data(1, 0, 2);
  LoaderOptions options = small_options(2);
  options.shuffle = options.augment = options.drop_last = true;
  Loader loader(data, options);
  CHECK(loader.batches() == 1);
  const std::vector<Batch> epoch = load_epoch(loader, 0);
  REQUIRE(epoch.size() == 1);
  CHECK_FALSE(identical(epoch[0].images.slice(0, 1), epoch[0].images.slice(1, 2)));
  const std::vector<Batch> again = load_epoch(loader, 0);
  CHECK(identical(epoch[0].images, again[0].images));
}

TEST_CASE("a mix is its data sets one after the other, the first of weight 1") {
  MixedDataset mixed(std::make_unique<Boxes>(3, 0));
  CHECK(mixed.add(std::make_unique<Boxes>(4, 3), 0.5, {}, "more") == 0);
  CHECK(mixed.size() == 7);
  CHECK(mixed.weight(2) == 1);
  CHECK(mixed.weight(3) == 0.5);
  CHECK(mixed.info(3).object_id == Boxes(4, 3).info(0).object_id);
  CHECK(mixed.view(4, 1).pixels == Boxes(4, 3).view(1, 1).pixels);
  CHECK(mixed.volume(5).values == Boxes(4, 3).volume(2).values);
  CHECK(mixed.view_count(6) == 2);
  CHECK(epoch_length(mixed) == 5);
}

TEST_CASE("near-duplicates of what is held out are not mixed in") {
  HeldOutShapes held_out;
  held_out.add(Boxes(1, 2));  // of height 3
  MixedDataset mixed(std::make_unique<Boxes>(2, 0));
  CHECK(mixed.add(std::make_unique<Boxes>(5, 1), 1, held_out, "more") == 1);  // heights 2 to 6
  REQUIRE(mixed.size() == 6);
  for (std::int64_t i = 2; i < mixed.size(); ++i) CHECK(mixed.volume(i).count() != 3 * 64);
  CHECK_THROWS_WITH_AS(mixed.add(std::make_unique<Boxes>(1, 2), 1, held_out, "the folder"),
                       doctest::Contains("the folder: every object"), DataError);
}
