// The volume that belongs to a picture inside a data set.
#pragma once

#include <filesystem>
#include <optional>

namespace voxgrad {

/// ROOT/ShapeNetVox32/T/O/model.binvox for ROOT/ShapeNetRendering/T/O/rendering/00.png (layout.h),
/// or the one of another ShapeNetVox folder; none if there is none.
std::optional<std::filesystem::path> volume_of_view(const std::filesystem::path& picture);

}  // namespace voxgrad
