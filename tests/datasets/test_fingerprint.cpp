#include <doctest/doctest.h>

#include "datasets/fingerprint.h"
#include "tensor/error.h"
#include "tests/pix2vox/toy_dataset.h"

using namespace voxgrad;
using testing::ToyDataset;

namespace {

// A toy data set with something about it changed.
struct Changed : ToyDataset {
  using ToyDataset::ToyDataset;
  int fewer_views_of = -1, dark_picture_of = -1, unreadable = -1;
  std::int64_t renamed = -1;
  ObjectInfo other{"0", "flat", "renamed"};

  const ObjectInfo& info(std::int64_t object) const override {
    return object == renamed ? other : ToyDataset::info(object);
  }
  int view_count(std::int64_t object) const override {
    return ToyDataset::view_count(object) - (object == fewer_views_of ? 1 : 0);
  }
  Image view(std::int64_t object, int view) const override {
    Image image = ToyDataset::view(object, view);
    if (object == dark_picture_of) image.pixels[0] ^= 1;
    return image;
  }
  VoxelGrid volume(std::int64_t object) const override {
    if (object == unreadable) fail<DataError>("damaged");
    return ToyDataset::volume(object);
  }
};

}  // namespace

TEST_CASE("a split's fingerprint tells objects, views and contents") {
  const Changed same(6, 8);
  const DatasetFingerprint expected = fingerprint(ToyDataset(6, 8));
  CHECK(fingerprint(same) == expected);
  CHECK(expected.objects.starts_with("6 objects, "));
  CHECK(fingerprint(ToyDataset(7, 8)).objects != expected.objects);

  Changed views(6, 8), name(6, 8), picture(6, 8), unreadable(6, 8);
  views.fewer_views_of = 5;
  CHECK(fingerprint(views).objects != expected.objects);
  name.renamed = 5;
  CHECK(fingerprint(name).objects != expected.objects);
  for (int i = 0; i < 6; ++i) {
    picture.dark_picture_of = i;
    CHECK(fingerprint(picture).objects == expected.objects);
    CHECK(fingerprint(picture).contents != expected.contents);
  }
  unreadable.unreadable = 2;
  CHECK(fingerprint(unreadable).objects == expected.objects);
  CHECK(fingerprint(unreadable).contents != expected.contents);
}
