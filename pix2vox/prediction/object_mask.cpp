#include "pix2vox/prediction/object_mask.h"

#include <algorithm>
#include <cstdint>

namespace voxgrad {
namespace {

/// Averages blocks of factor x factor pixels, weighted by alpha; those at the right and lower edges
/// may be smaller.
Image block_means(const Image& picture, int factor) {
  const int channels = picture.channels;
  const bool has_alpha = channels % 2 == 0;
  const int colors = has_alpha ? channels - 1 : channels;
  Image result((picture.width + factor - 1) / factor, (picture.height + factor - 1) / factor,
               channels);
  for (int y = 0; y < result.height; ++y)
    for (int x = 0; x < result.width; ++x) {
      std::int64_t sums[3] = {}, weights = 0, pixels = 0;
      const int bottom = std::min(picture.height, (y + 1) * factor);
      const int right = std::min(picture.width, (x + 1) * factor);
      for (int v = y * factor; v < bottom; ++v)
        for (int u = x * factor; u < right; ++u) {
          const std::uint8_t* pixel = picture.at(u, v);
          const int weight = has_alpha ? pixel[colors] : 255;
          for (int c = 0; c < colors; ++c) sums[c] += pixel[c] * weight;
          weights += weight;
          ++pixels;
        }
      std::uint8_t* out = result.at(x, y);
      for (int c = 0; c < colors && weights > 0; ++c)
        out[c] = std::uint8_t((sums[c] + weights / 2) / weights);
      if (has_alpha) out[colors] = std::uint8_t((weights + pixels / 2) / pixels);
    }
  return result;
}

}  // namespace

Image shrunk(const Image& picture, int max_side) {
  const int longer = std::max(picture.width, picture.height);
  const int factor = (longer + max_side - 1) / max_side;
  return factor <= 1 ? picture : block_means(picture, factor);
}

bool has_clear_pixels(const Image& picture, int min_alpha) {
  if (picture.channels % 2 != 0) return false;
  const int limit = std::max(1, min_alpha);
  bool clear = false, solid = false;
  for (std::size_t i = std::size_t(picture.channels) - 1; i < picture.pixels.size();
       i += std::size_t(picture.channels))
    (picture.pixels[i] < limit ? clear : solid) = true;
  return clear && solid;
}

Image mask_of_alpha(const Image& picture, int min_alpha) {
  Image mask(picture.width, picture.height, 1);
  const auto channels = std::size_t(picture.channels);
  for (std::size_t i = 0; i < mask.pixels.size(); ++i)
    mask.pixels[i] =
        picture.pixels[i * channels + channels - 1] >= std::max(1, min_alpha) ? 255 : 0;
  return mask;
}

std::vector<Component> components_of(const Image& mask, std::vector<int>* labels) {
  std::vector<int> own;
  std::vector<int>& label = labels ? *labels : own;
  label.assign(mask.pixels.size(), 0);
  std::vector<Component> found;
  std::vector<int> open;
  for (int start = 0; start < int(mask.pixels.size()); ++start) {
    if (mask.pixels[std::size_t(start)] == 0 || label[std::size_t(start)] != 0) continue;
    const int number = int(found.size()) + 1;
    Component component{mask.width, mask.height, -1, -1};
    label[std::size_t(start)] = number;
    open.assign(1, start);
    while (!open.empty()) {
      const int x = open.back() % mask.width, y = open.back() / mask.width;
      open.pop_back();
      component.left = std::min(component.left, x);
      component.right = std::max(component.right, x);
      component.top = std::min(component.top, y);
      component.bottom = std::max(component.bottom, y);
      ++component.pixels;
      for (int v = std::max(0, y - 1); v <= std::min(mask.height - 1, y + 1); ++v)
        for (int u = std::max(0, x - 1); u <= std::min(mask.width - 1, x + 1); ++u) {
          const auto next = std::size_t(v * mask.width + u);
          if (mask.pixels[next] == 0 || label[next] != 0) continue;
          label[next] = number;
          open.push_back(int(next));
        }
    }
    found.push_back(component);
  }
  std::vector<int> order(found.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = int(i);
  std::ranges::stable_sort(order, [&](int a, int b) {
    return found[std::size_t(a)].pixels > found[std::size_t(b)].pixels;
  });
  std::vector<int> rank(found.size() + 1, 0);
  std::vector<Component> sorted;
  for (const int i : order) {
    sorted.push_back(found[std::size_t(i)]);
    rank[std::size_t(i) + 1] = int(sorted.size());
  }
  for (int& number : label) number = rank[std::size_t(number)];
  return sorted;
}

std::optional<Component> bounds_of(const Image& mask) {
  Component all{mask.width, mask.height, -1, -1};
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x) {
      if (*mask.at(x, y) == 0) continue;
      all.left = std::min(all.left, x);
      all.right = std::max(all.right, x);
      all.top = std::min(all.top, y);
      all.bottom = y;
      ++all.pixels;
    }
  if (all.pixels == 0) return {};
  return all;
}

void drop_specks(Image& mask, double share) {
  std::vector<int> labels;
  const std::vector<Component> components = components_of(mask, &labels);
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] != 0 &&
        components[std::size_t(labels[i]) - 1].pixels < share * components.front().pixels)
      mask.pixels[i] = 0;
}

void fill_holes(Image& mask, int max_pixels) {
  Image background(mask.width, mask.height, 1);
  for (std::size_t i = 0; i < mask.pixels.size(); ++i)
    background.pixels[i] = mask.pixels[i] == 0 ? 255 : 0;
  std::vector<int> labels;
  const std::vector<Component> components = components_of(background, &labels);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == 0) continue;
    const Component& hole = components[std::size_t(labels[i]) - 1];
    const bool open = hole.left == 0 || hole.top == 0 || hole.right == mask.width - 1 ||
                      hole.bottom == mask.height - 1;
    if (!open && hole.pixels <= max_pixels) mask.pixels[i] = 255;
  }
}

Image grown(const Image& mask, int radius) {
  const int reach = std::abs(radius);
  const auto pick = [&](std::uint8_t a, std::uint8_t b) {
    return radius > 0 ? std::max(a, b) : std::min(a, b);
  };
  Image rows = mask, result = mask;
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x)
      for (int u = std::max(0, x - reach); u <= std::min(mask.width - 1, x + reach); ++u)
        *rows.at(x, y) = pick(*rows.at(x, y), *mask.at(u, y));
  result = rows;
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x)
      for (int v = std::max(0, y - reach); v <= std::min(mask.height - 1, y + reach); ++v)
        *result.at(x, y) = pick(*result.at(x, y), *rows.at(x, v));
  return result;
}

}  // namespace voxgrad
