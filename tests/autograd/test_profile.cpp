#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <string>
#include <thread>

#include "autograd/functions.h"
#include "autograd/profile.h"

using namespace voxgrad;

namespace {

constexpr double nap = 0.02;

void sleep_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

// x, after a nap; its gradient takes three.
Variable slow(const Variable& x) {
  sleep_for(nap);
  return make_result(x.value().clone(), "slow", {x}, [](const Tensor& dy) {
    sleep_for(3 * nap);
    return std::vector{dy};
  });
}

std::map<std::string, Profile::Entry> by_name(const Profile& profile) {
  std::map<std::string, Profile::Entry> result;
  for (const Profile::Entry& entry : profile.entries()) result[entry.name] = entry;
  return result;
}

}  // namespace

TEST_CASE("a profile books time to the innermost module, forward and backward") {
  const Variable x(Tensor::full({1}, 2.0, DType::f64), true);
  const auto start = std::chrono::steady_clock::now();
  Profile profile(Device::cpu());
  {
    NameScope outer("outer");
    sleep_for(2 * nap);
    Variable y;
    {
      NameScope inner("inner");
      y = slow(x);
    }
    y = slow(y);
    y.backward();
  }
  profile.stop();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  { NameScope late("late"); }  // nobody's

  const auto entries = by_name(profile);
  REQUIRE(entries.contains("outer.inner"));
  const Profile::Entry outer = entries.at("outer"), inner = entries.at("outer.inner");
  // A busy machine sleeps longer than asked, never shorter.
  CHECK(inner.forward >= nap);
  CHECK(inner.backward >= 3 * nap);
  CHECK(outer.forward >= 3 * nap);
  CHECK(outer.backward >= 3 * nap);
  double total = 0;
  for (const Profile::Entry& entry : profile.entries()) total += entry.forward + entry.backward;
  CHECK(total <= elapsed.count());
  CHECK_FALSE(entries.contains("late"));
  CHECK(inner.gradient);
  CHECK(inner.input_gradient);
}

TEST_CASE("a profile tells layers that hand no gradient on") {
  const Variable frozen(Tensor::full({1}, 2.0, DType::f64)),
      w(Tensor::full({1}, 3.0, DType::f64), true);
  Profile profile(Device::cpu());
  {
    NameScope first("first");
    multiply(frozen, w).backward();
  }
  profile.stop();
  CHECK(by_name(profile).at("first").gradient);
  CHECK_FALSE(by_name(profile).at("first").input_gradient);
}

TEST_CASE("without a profile nothing is recorded, and profiles nest") {
  Profile outer(Device::cpu());
  {
    const Profile inner(Device::cpu());
    NameScope scope("seen by the inner one");
  }
  { NameScope scope("seen by the outer one"); }
  outer.stop();
  { NameScope scope("seen by nobody"); }
  CHECK_FALSE(by_name(outer).contains("seen by the inner one"));
  CHECK(by_name(outer).contains("seen by the outer one"));
  CHECK_FALSE(by_name(outer).contains("seen by nobody"));
}
