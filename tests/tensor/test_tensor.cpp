#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "tensor/environment.h"
#include "tensor/ops/backend.h"
#include "tests/support/tensors.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

Tensor counting(const Shape& shape) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < shape.numel(); ++i) values.push_back(float(i));
  return Tensor::from(values, shape);
}

}  // namespace

namespace {
// Made before main(), perhaps before any other static object.
const Tensor made_early = Tensor::full({3}, 2, DType::f64);
const Tensor copied_early = made_early.to(DType::f32);
}  // namespace

TEST_CASE("tensors can be made and computed with before main") {
  CHECK(made_early.to_vector<double>() == std::vector<double>{2, 2, 2});
  CHECK(copied_early.to_vector<float>() == std::vector<float>{2, 2, 2});
}

TEST_CASE("shapes") {
  const Shape shape{2, 3, 4};
  CHECK(shape.rank() == 3);
  CHECK(shape[-1] == 4);
  CHECK(shape.numel() == 24);
  CHECK(shape.rows() == 6);
  CHECK(concat(shape) == "[2,3,4]");
  CHECK(shape == Shape{2, 3, 4});
  CHECK_FALSE(shape == Shape{2, 3});
  CHECK_FALSE(shape == Shape{2, 3, 5});
  CHECK(Shape{}.numel() == 1);
  CHECK(Shape{}.rows() == 1);
  CHECK(Shape{0, 5}.numel() == 0);
  CHECK(message_of([&] { (void)shape[3]; }) == "[shape] no dimension 3 in [2,3,4]");
  CHECK(message_of([&] { (void)shape[-4]; }) == "[shape] no dimension -4 in [2,3,4]");
  CHECK(message_of([] { Shape{2, -1}; }) == "[shape] extent 1 is negative: -1");
  CHECK(message_of([] { Shape{1, 1, 1, 1, 1, 1, 1}; }) == "[shape] at most 6 dimensions, got 7");
  const std::int64_t big = std::int64_t{1} << 40;
  CHECK(message_of([&] { Shape{big, big}; }) == "[shape] more than 2^59 elements");
}

TEST_CASE("assignment shares, clone copies") {
  const Tensor a = counting({2, 3});
  Tensor b = a;
  CHECK(b.shares_storage_with(a));
  CHECK_FALSE(a.unique());
  const Tensor c = a.clone();
  CHECK_FALSE(c.shares_storage_with(a));
  CHECK(identical(a, c));
  b.data<float>()[0] = 9;
  CHECK(a.data<float>()[0] == 9);
  CHECK(c.data<float>()[0] == 0);
  b = Tensor();
  CHECK(a.unique());
  CHECK_FALSE(b.defined());
}

TEST_CASE("reshape and slice look into the same storage") {
  const Tensor a = counting({4, 3});
  const Tensor rows = a.slice(1, 3);
  CHECK(rows.shape() == Shape{2, 3});
  CHECK(rows.data<float>()[0] == 3);
  const Tensor one = rows.reshape({3, 2}).slice(2, 3);
  CHECK(one.to_vector<float>() == std::vector<float>{7, 8});
  one.fill(-1);
  CHECK(a.to_vector<float>() == std::vector<float>{0, 1, 2, 3, 4, 5, 6, -1, -1, 9, 10, 11});
  CHECK(a.slice(2, 2).numel() == 0);
  CHECK(message_of([&] { a.slice(3, 5); }) == "[slice] rows 3 to 5 are not in [4,3]");
  CHECK(message_of([&] { a.slice(2, 1); }) == "[slice] rows 2 to 1 are not in [4,3]");
  CHECK(message_of([&] { a.reshape({5}); }) == "[reshape] cannot view [4,3] as [5]");
}

TEST_CASE("values in and out") {
  CHECK(Tensor::zeros({3}).to_vector<float>() == std::vector<float>{0, 0, 0});
  CHECK(Tensor::full({2}, 2.5, DType::f64).to_vector<double>() == std::vector<double>{2.5, 2.5});
  CHECK(Tensor::full({1}, 0.25).item() == 0.25);
  CHECK(Tensor::zeros({0, 4}).to_vector<float>().empty());
  CHECK(counting({3}).to(DType::i64).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{0, 1, 2});
  const Tensor same = counting({3});
  CHECK(same.to(DType::f32).shares_storage_with(same));
  CHECK(same.to(Device::cpu()).shares_storage_with(same));
  const Tensor target = Tensor::zeros({3});
  target.copy_from(same);
  CHECK(identical(target, same));
}

TEST_CASE("errors name what was wrong") {
  const Tensor a = counting({2, 2});
  CHECK(message_of([&] { a.data<double>(); }) == "[tensor] data of a f32 tensor asked for as f64");
  CHECK(message_of([&] { a.item(); }) == "[tensor] item() needs exactly one element, got [2,2]");
  CHECK(message_of([] { Tensor().raw(); }) == "[tensor] an undefined tensor has no data");
  CHECK(message_of([] {
          Tensor::from<float>({1, 2}, {3});
        }) == "[tensor] 2 values do not fill the shape [3]");
  CHECK(message_of([&] { a.copy_from(Tensor::zeros({4})); }) ==
        "[copy] cannot copy f32[4] into f32[2,2]");
  CHECK(message_of([&] { check_shape("op", "weight", a, {4}); }) ==
        "[op] weight has shape [2,2], expected [4]");
  CHECK(message_of([&] { check_shape("op", "weight", {}, {4}); }) ==
        "[op] weight is missing, expected shape [4]");
  CHECK(message_of([&] { check_same_kind("op", a, a.to(DType::f64)); }) ==
        "[op] tensors differ: f32[2,2] on cpu and f64[2,2] on cpu");
  CHECK_THROWS_AS(Tensor({std::int64_t{1} << 58}, DType::f64), DeviceError);
}

TEST_CASE("only listed variables of the environment are read") {
  ::setenv("VOXGRAD_UNHEARD_OF", "1", 1);
  CHECK(message_of([] { environment("VOXGRAD_UNHEARD_OF"); }) ==
        "[environment] VOXGRAD_UNHEARD_OF is missing in tensor/environment.h");
  ::unsetenv("VOXGRAD_UNHEARD_OF");
  for (const EnvironmentVariable& each : kEnvironment) CHECK_NOTHROW(environment(each.name));
}

TEST_CASE("devices by name") {
  CHECK(Device::parse("cpu") == Device::cpu());
  CHECK(concat(Device::cuda(2)) == "cuda:2");
  for (const char* wrong : {"gpu", "cuda:x", "cuda:", "cuda:-1", "cuda:1x", ""})
    CHECK_THROWS_AS(Device::parse(wrong), ConfigError);
  if (cuda_device_count() == 0) {
    CHECK(Device::parse("auto") == Device::cpu());
    CHECK_THROWS_AS(Device::parse("cuda"), DeviceError);
  }
}

TEST_CASE("a freed tensor's memory serves the next one of its size") {
  const auto allocations = [] {
    return backend(Device::cpu()).memory.statistics(0).system_allocations;
  };
  { const Tensor warm_up({777, 13}); }
  const auto before = allocations();
  for (int i = 0; i < 10; ++i) const Tensor again({777, 13});
  CHECK(allocations() == before);
}

TEST_CASE("guard bands notice a write outside, and max_relative_error a NaN") {
  const GuardedTensor guarded({5}, DType::f32);
  CHECK(guarded.intact());
  CHECK(std::isnan(guarded.tensor().data<float>()[4]));
  guarded.tensor().data<float>()[5] = 0;
  CHECK_FALSE(guarded.intact());
  const GuardedTensor low({5}, DType::u8);
  low.tensor().data<std::uint8_t>()[-1] = 0;
  CHECK_FALSE(low.intact());
  const Tensor a = counting({3}), b = a.clone();
  CHECK(max_relative_error(a, b) == 0);
  b.data<float>()[1] += 0.5f;
  CHECK(max_relative_error(a, b) == 0.25);
  b.data<float>()[1] = std::numeric_limits<float>::quiet_NaN();
  CHECK(max_relative_error(b, a) == std::numeric_limits<double>::infinity());
}
