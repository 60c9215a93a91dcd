// Work on lines of pixels: the kernels of image_resampler.h, compiled for every level of
// simd/isa.h. Lines of floats hold one channel each, in [0,1] unless mapped.
#pragma once

#include <cstddef>
#include <cstdint>

namespace voxgrad {

/// Pixels of 1 to 4 channels to lines B, G, R, A; a grey one counts for three, no alpha is left
/// out.
void unpack_pixels(int channels, const std::uint8_t* pixels, int count, float* blue, float* green,
                   float* red, float* alpha);

/// out_i = m[i][0] blue + m[i][1] green + m[i][2] red + m[i][3].
void map_colors(const float (&m)[3][4], int count, const float* blue, const float* green,
                const float* red, float* out_0, float* out_1, float* out_2);

/// True if a pixel of no alpha has a colour other than black.
bool hides_color(int count, const float* blue, const float* green, const float* red,
                 const float* alpha);

/// 1 where there is alpha; the same is added to `columns`.
void mark_shown(int count, const float* alpha, std::uint8_t* shown, std::uint8_t* columns);

float dot_of_lines(int count, const float* a, const float* b);

/// Between two resized lines, interleaved: above + (below - above) * weight. Where `shown` is 0 in
/// both there is background; without alpha both are null.
void blend_lines(int count, float weight, const float* const (&above)[3],
                 const float* const (&below)[3], const std::uint8_t* shown_above,
                 const std::uint8_t* shown_below, const float (&background)[3], float* result);

/// Copies past the caches: a batch is far larger than they are, and read only when it is complete.
void stream_line(const float* line, std::size_t count, float* result);
/// What was streamed before is seen by other threads before what is written after.
void finish_streams();

}  // namespace voxgrad
