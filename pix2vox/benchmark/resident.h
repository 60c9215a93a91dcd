// Memory of this process and of the machine, as the system tells it. Bytes.
#pragma once

#include <cstdint>
#include <optional>

namespace voxgrad {

/// What this process has in memory; 0 where the system does not say.
std::uint64_t resident_bytes();

/// What programs may still take: of the machine, or of the group (cgroup) that this one is in if
/// that is less. None where the system does not say.
std::optional<std::uint64_t> available_bytes();
std::optional<std::uint64_t> installed_bytes();

}  // namespace voxgrad
