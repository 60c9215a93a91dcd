#include "voxels/image/png_unfilter.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "voxels/image/png_unfilter.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cstring>

#include "simd/simd.h"

HWY_BEFORE_NAMESPACE();
namespace voxgrad::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// All channels of one pixel at once, in the low lanes.
using EightBytes = hn::FixedTag<std::uint8_t, 8>;
using EightWords = hn::FixedTag<std::int16_t, 8>;
using PairsOfBytes = hn::FixedTag<std::uint8_t, 16>;
using OneNumber = hn::FixedTag<std::uint64_t, 1>;
using Bytes = hn::Vec<EightBytes>;
using Words = hn::Vec<EightWords>;

template <int pixel_bytes>
HWY_INLINE Bytes load(const std::uint8_t* pixel) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, pixel, pixel_bytes);
  return hn::BitCast(EightBytes(), hn::Set(OneNumber(), bits));
}

template <int pixel_bytes>
HWY_INLINE void store(Bytes value, std::uint8_t* pixel) {
  const std::uint64_t bits = hn::GetLane(hn::BitCast(OneNumber(), value));
  std::memcpy(pixel, &bits, pixel_bytes);
}

// One pixel after the other, from the left.

// start(): a constructor would not be compiled for the level.
struct Sub {
  Bytes left;
  HWY_INLINE void start() { left = hn::Zero(EightBytes()); }
  HWY_INLINE Bytes operator()(Bytes filtered, Bytes) { return left = hn::Add(left, filtered); }
};

struct Average {
  Bytes left;
  HWY_INLINE void start() { left = hn::Zero(EightBytes()); }
  HWY_INLINE Bytes operator()(Bytes filtered, Bytes above) {
    const Bytes odd = hn::And(hn::Xor(left, above), hn::Set(EightBytes(), 1));
    const Bytes half = hn::Sub(hn::AverageRound(left, above), odd);  // rounded down
    return left = hn::Add(filtered, half);
  }
};

/// Whichever of the three is nearest to left + above - corner, ties in this order. What depends on
/// the pixel to the left is a chain that no processor can overlap, so it is kept short: no
/// conversions, and masks made of sign bits in place of comparisons.
struct Paeth {
  Words left, corner;
  HWY_INLINE void start() { left = corner = hn::Zero(EightWords()); }

  static HWY_INLINE Words widen(Bytes bytes) { return hn::PromoteTo(EightWords(), bytes); }
  /// All ones where a < b: differences of bytes do not overflow words.
  static HWY_INLINE Words below(Words a, Words b) { return hn::BroadcastSignBit(hn::Sub(a, b)); }

  HWY_INLINE Bytes operator()(Bytes filtered, Bytes above_bytes) {
    const Words above = widen(above_bytes), rise = hn::Sub(above, corner);
    const Words from_left = hn::Abs(rise);
    const Words slope = hn::Sub(left, corner);
    const Words from_above = hn::Abs(slope), from_corner = hn::Abs(hn::Add(slope, rise));
    const Words not_above = below(from_corner, from_above);
    const Words not_left = hn::Or(below(from_above, from_left), below(from_corner, from_left));
    const Words second = hn::Xor(above, hn::And(hn::Xor(above, corner), not_above));
    const Words nearest = hn::Xor(left, hn::And(hn::Xor(left, second), not_left));
    // Added as bytes, so that the upper halves of the words stay 0.
    const PairsOfBytes pairs;
    left = hn::BitCast(EightWords(),
                       hn::Add(hn::BitCast(pairs, nearest), hn::BitCast(pairs, widen(filtered))));
    corner = above;
    return hn::DemoteTo(EightBytes(), left);
  }
};

template <class Filter, int pixel_bytes>
void undo(const std::uint8_t* filtered, const std::uint8_t* above, std::size_t bytes,
          std::uint8_t* row) {
  Filter filter;
  filter.start();
  for (std::size_t i = 0; i < bytes; i += pixel_bytes) {
    const Bytes pixel = filter(load<pixel_bytes>(filtered + i), load<pixel_bytes>(above + i));
    store<pixel_bytes>(pixel, row + i);
  }
}

template <class Filter>
void undo(const std::uint8_t* filtered, const std::uint8_t* above, std::size_t bytes,
          int pixel_bytes, std::uint8_t* row) {
  switch (pixel_bytes) {
    case 1:
      return undo<Filter, 1>(filtered, above, bytes, row);
    case 2:
      return undo<Filter, 2>(filtered, above, bytes, row);
    case 3:
      return undo<Filter, 3>(filtered, above, bytes, row);
    case 4:
      return undo<Filter, 4>(filtered, above, bytes, row);
    case 6:
      return undo<Filter, 6>(filtered, above, bytes, row);
    default:
      return undo<Filter, 8>(filtered, above, bytes, row);
  }
}

}  // namespace

void png_unfilter(int filter, const std::uint8_t* filtered, const std::uint8_t* above,
                  std::size_t bytes, int pixel_bytes, std::uint8_t* row) {
  switch (filter) {
    case 0:
      std::memmove(row, filtered, bytes);
      return;
    case 1:
      return undo<Sub>(filtered, above, bytes, pixel_bytes, row);
    case 2:
#pragma GCC ivdep
      for (std::size_t i = 0; i < bytes; ++i) row[i] = std::uint8_t(filtered[i] + above[i]);
      return;
    case 3:
      return undo<Average>(filtered, above, bytes, pixel_bytes, row);
    default:
      return undo<Paeth>(filtered, above, bytes, pixel_bytes, row);
  }
}

}  // namespace voxgrad::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace voxgrad {

HWY_EXPORT(png_unfilter);

void png_unfilter(int filter, const std::uint8_t* filtered, const std::uint8_t* above,
                  std::size_t bytes, int pixel_bytes, std::uint8_t* row) {
  HWY_DYNAMIC_DISPATCH(png_unfilter)(filter, filtered, above, bytes, pixel_bytes, row);
}

}  // namespace voxgrad
#endif
