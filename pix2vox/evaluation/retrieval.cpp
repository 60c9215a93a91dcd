#include "pix2vox/evaluation/retrieval.h"

#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <limits>
#include <mutex>
#include <optional>

#include "tensor/error.h"
#include "voxels/image/contact_sheet.h"

namespace voxgrad {
namespace {

constexpr int kSide = 16;

struct Described {
  std::int64_t object = 0;
  PictureDescriptor descriptor{};
};

/// Objects and views in the order in which they are taken: all first views, then all second ones.
std::vector<std::pair<std::int64_t, int>> pictures_to_read(const Dataset& train,
                                                           std::int64_t limit) {
  std::vector<std::pair<std::int64_t, int>> result;
  bool more = true;
  for (int view = 0; more; ++view) {
    more = false;
    for (std::int64_t object = 0; object < train.size(); ++object) {
      if (view >= train.view_count(object)) continue;
      if (std::int64_t(result.size()) == limit) return result;
      result.emplace_back(object, view);
      more = true;
    }
  }
  return result;
}

/// work(i) for 0 <= i < count on all threads; progress on one of them. An exception of one of them
/// ends all.
void for_all(std::int64_t count, const std::function<void(std::int64_t)>& work,
             const std::function<void(std::int64_t)>& progress) {
  std::exception_ptr problem;
  std::mutex lock;
  std::int64_t done = 0;
#pragma omp parallel for schedule(dynamic, 8)
  for (std::int64_t i = 0; i < count; ++i) {
    {
      const std::scoped_lock hold(lock);
      if (problem) continue;
    }
    try {
      work(i);
      const std::scoped_lock hold(lock);
      ++done;
      if (omp_get_thread_num() == 0) progress(done);
    } catch (...) {
      const std::scoped_lock hold(lock);
      problem = std::current_exception();
    }
  }
  if (problem) std::rethrow_exception(problem);
}

}  // namespace

PictureDescriptor describe_picture(const Image& picture) {
  check(picture.width > 0 && picture.height > 0, "[describe_picture] the picture is empty");
  const bool grey = picture.channels <= 2, clear = picture.channels == 2 || picture.channels == 4;
  Image over_white(picture.width, picture.height, 4);
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const std::uint8_t* from = picture.at(x, y);
      std::uint8_t* to = over_white.at(x, y);
      const int alpha = clear ? from[picture.channels - 1] : 255;
      for (int c = 0; c < 3; ++c)
        to[c] = std::uint8_t((from[grey ? 0 : c] * alpha + 255 * (255 - alpha) + 127) / 255);
      to[3] = std::uint8_t(alpha);
    }
  // Alpha apart from the colours, which would be weighed by it.
  Image colors(picture.width, picture.height, 3), alphas(picture.width, picture.height, 1);
  for (std::size_t i = 0; i < alphas.pixels.size(); ++i) {
    std::copy_n(&over_white.pixels[4 * i], 3, &colors.pixels[3 * i]);
    alphas.pixels[i] = over_white.pixels[4 * i + 3];
  }
  colors = resized(colors, kSide, kSide);
  alphas = resized(alphas, kSide, kSide);
  PictureDescriptor result;
  for (std::size_t i = 0; i < alphas.pixels.size(); ++i) {
    std::copy_n(&colors.pixels[3 * i], 3, &result[4 * i]);
    result[4 * i + 3] = alphas.pixels[i];
  }
  return result;
}

int picture_distance(const PictureDescriptor& a, const PictureDescriptor& b) {
  int total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += std::abs(int(a[i]) - int(b[i]));
  return total;
}

std::vector<std::int64_t> nearest_by_picture(const Dataset& train, const Dataset& test,
                                             const RetrievalOptions& options) {
  const auto pictures = pictures_to_read(train, options.max_pictures);
  const auto total = std::int64_t(pictures.size()) + test.size();
  const auto tick = [&](std::int64_t done) {
    if (options.progress) options.progress(done, total);
  };
  std::vector<std::optional<Described>> known(pictures.size());
  for_all(
      std::int64_t(pictures.size()),
      [&](std::int64_t i) {
        const auto [object, view] = pictures[std::size_t(i)];
        try {
          known[std::size_t(i)] = Described{object, describe_picture(train.view(object, view))};
        } catch (const DataError&) {
          // One picture less to be like.
        }
      },
      tick);
  std::erase_if(known, [](const auto& entry) { return !entry.has_value(); });
  check<DataError>(!known.empty(), "[retrieval] no picture of the training split can be read");
  std::vector<std::int64_t> nearest(std::size_t(test.size()), 0);
  for_all(
      test.size(),
      [&](std::int64_t i) {
        const PictureDescriptor own = describe_picture(test.view(i, 0));
        int best = std::numeric_limits<int>::max();
        for (const auto& entry : known) {
          const int distance = picture_distance(own, entry->descriptor);
          if (distance > best || (distance == best && entry->object >= nearest[std::size_t(i)]))
            continue;
          best = distance;
          nearest[std::size_t(i)] = entry->object;
        }
      },
      [&](std::int64_t done) { tick(std::int64_t(pictures.size()) + done); });
  return nearest;
}

}  // namespace voxgrad
