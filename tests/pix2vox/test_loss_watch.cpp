#include <doctest/doctest.h>

#include "pix2vox/training/loss_watch.h"

using namespace voxgrad;

TEST_CASE("a loss that explodes is said once") {
  LossWatch watch;
  for (const double loss : {6.9, 6.8, 6.5, 6.4, 6.2}) CHECK(watch(1, loss).empty());
  CHECK(watch(1, 20).empty());  // below three times the first one
  const std::string warning = watch(1, 21);
  CHECK(warning.find("explodes: 21 in epoch 1") != std::string::npos);
  CHECK(warning.find("train.learning_rate") != std::string::npos);
  CHECK(watch(1, 900).empty());
}

TEST_CASE("a loss is compared with the lowest mean of an epoch") {
  LossWatch watch;
  for (const double loss : {7.0, 6.0, 5.0, 4.0, 2.0}) CHECK(watch(1, loss).empty());
  for (const double loss : {3.0, 1.0}) CHECK(watch(2, loss).empty());
  CHECK(watch(3, 2.9).empty());
  CHECK(watch(3, 3.1).find("it was 1") != std::string::npos);
}

TEST_CASE("the first steps of a run say nothing") {
  LossWatch watch;
  for (const double loss : {0.1, 0.5, 0.6, 0.7}) CHECK(watch(1, loss).empty());
  CHECK_FALSE(watch(1, 0.8).empty());
}
