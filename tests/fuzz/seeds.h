// Sound files to mutate, for each libFuzzer target. Made by our own writers, and those of PyTorch
// and libmatio in tests/golden/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace voxgrad::testing {

/// `target` as its file is named: "mat". At least one.
std::vector<std::vector<std::uint8_t>> seeds_of(const std::string& target);

}  // namespace voxgrad::testing
