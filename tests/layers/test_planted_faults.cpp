// The gradient check finds the mistakes that people make.
#include <doctest/doctest.h>

#include <set>

#include "layers/planted_faults.h"

using namespace voxgrad;

TEST_CASE("each of twenty planted faults is found for every seed") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    CAPTURE(seed);
    std::set<std::string> names;
    for (const PlantedFault& fault : planted_faults(seed)) {
      CAPTURE(fault.name);
      CAPTURE(fault.wrong.description);
      names.insert(fault.name);
      const GradcheckResult result = gradcheck_subsets(fault.wrong.function, fault.wrong.inputs);
      CHECK_FALSE(result.passed);
      CHECK_FALSE(result.message.empty());
    }
    CHECK(names.size() == 20);
  }
}

TEST_CASE("what a planted fault looks like is recognised") {
  const auto message_of = [](const std::string& name) {
    for (const PlantedFault& fault : planted_faults(1))
      if (fault.name == name)
        return gradcheck_subsets(fault.wrong.function, fault.wrong.inputs).message;
    return std::string("no fault of this name");
  };
  CHECK(message_of("sign").find("the sign is wrong") != std::string::npos);
  CHECK(message_of("counted twice").find("counted twice") != std::string::npos);
  CHECK(message_of("detached").find("detached") != std::string::npos);
  CHECK(message_of("mean in place of the sum").find("a sum in place of a mean") !=
        std::string::npos);
  CHECK(message_of("not a number").find("not a number") != std::string::npos);
  CHECK(message_of("transposed").find("transposed: laid out as") != std::string::npos);
  CHECK(message_of("kernel not flipped").find("the kernel is flipped") != std::string::npos);
  CHECK(message_of("shifted by one").find("off by one") != std::string::npos);
  CHECK(message_of("one element wrong").find("only 1 of ") != std::string::npos);
}
