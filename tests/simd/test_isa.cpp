// Which kernels run: the level asked for, the best one otherwise, and errors that say what there
// is. CTest runs this program at each level that the processor has.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "simd/isa.h"
#include "tests/simd/level_in_use.h"

namespace voxgrad {

TEST_CASE("levels are those of VOXGRAD_ISA, or the best one") {
  const std::vector<Isa>& available = available_isas();
  REQUIRE_FALSE(available.empty());
  CHECK(std::is_sorted(available.begin(), available.end()));
  const char* const wanted = std::getenv("VOXGRAD_ISA");
  if (wanted && *wanted)
    CHECK(name(current_isa()) == wanted);
  else
    CHECK(current_isa() == available.back());
}

TEST_CASE("Highway runs the kernels of that level") {
  CHECK(testing::level_in_use() == current_isa());
}

}  // namespace voxgrad
