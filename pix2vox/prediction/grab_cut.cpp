#include "pix2vox/prediction/grab_cut.h"

#ifdef VOXGRAD_WITH_OPENCV
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#endif

#include <algorithm>

#include "pix2vox/prediction/object_mask.h"

namespace voxgrad {

#ifdef VOXGRAD_WITH_OPENCV

namespace {

constexpr int rounds = 5;
// Of the box: less, or nearly all of it, is no object.
constexpr double least_share = 0.02, largest_share = 0.97;

}  // namespace

bool has_grab_cut() {
  return true;
}

std::optional<Image> grab_cut(const Image& picture, const PixelBox& box) {
  cv::Mat colors(picture.height, picture.width, CV_8UC3);
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const std::uint8_t* pixel = picture.at(x, y);
      const bool grey = picture.channels < 3;
      colors.at<cv::Vec3b>(y, x) = {pixel[grey ? 0 : 2], pixel[grey ? 0 : 1], pixel[0]};
    }
  cv::Mat labels, background, object;
  try {
    cv::setRNGSeed(1);  // its first clusters are drawn
    cv::grabCut(colors, labels, {box.left, box.top, box.width, box.height}, background, object,
                rounds, cv::GC_INIT_WITH_RECT);
  } catch (const cv::Exception&) {  // a picture of too few colours
    return {};
  }
  Image mask(picture.width, picture.height, 1);
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const int label = labels.at<std::uint8_t>(y, x);
      *mask.at(x, y) = label == cv::GC_FGD || label == cv::GC_PR_FGD ? 255 : 0;
    }
  drop_specks(mask, 0.1);
  const std::optional<Component> found = bounds_of(mask);
  const double area = double(box.width) * box.height;
  if (!found || found->pixels < least_share * area || found->pixels > largest_share * area)
    return {};
  return mask;
}

#else

bool has_grab_cut() {
  return false;
}

std::optional<Image> grab_cut(const Image&, const PixelBox&) {
  return {};
}

#endif

}  // namespace voxgrad
