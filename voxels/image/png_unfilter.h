// The filters of PNG (ISO 15948, clause 9), undone: each byte was stored as its difference from a
// prediction made of the bytes to the left, above, and above left.
#pragma once

#include <cstddef>
#include <cstdint>

namespace voxgrad {

inline constexpr int kPngFilters = 5;

/// Undoes filter 0..4 of one row. `above` is the finished row before it, all 0 for the first.
/// `row` may be the place of `filtered`. pixel_bytes: 1, 2, 3, 4, 6 or 8; they divide `bytes`.
void png_unfilter(int filter, const std::uint8_t* filtered, const std::uint8_t* above,
                  std::size_t bytes, int pixel_bytes, std::uint8_t* row);

}  // namespace voxgrad
