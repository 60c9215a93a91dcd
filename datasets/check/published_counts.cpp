#include "datasets/check/published_counts.h"

#include <algorithm>

namespace voxgrad {
namespace {

/// 3D-R2N2's 13 classes, as divided in Pix2Vox's list.
const std::vector<PublishedCount> shapenet{
    {"02691156", 2831, 404, 810},  {"02828884", 1271, 181, 364},  {"02933112", 1100, 157, 315},
    {"02958343", 5247, 749, 1501}, {"03001627", 4744, 677, 1357}, {"03211117", 766, 109, 220},
    {"03636649", 1622, 231, 465},  {"03691459", 1132, 161, 325},  {"04090263", 1660, 237, 475},
    {"04256520", 2221, 317, 635},  {"04379243", 5956, 850, 1703}, {"04401088", 736, 105, 211},
    {"04530566", 1357, 193, 389}};

const std::vector<PublishedCount> pascal3d{
    {"aeroplane", 986, 0, 969}, {"bicycle", 661, 0, 645},       {"boat", 1099, 0, 1059},
    {"bottle", 745, 0, 747},    {"bus", 548, 0, 532},           {"car", 2763, 0, 2712},
    {"chair", 526, 0, 507},     {"diningtable", 1160, 0, 1153}, {"motorbike", 624, 0, 596},
    {"sofa", 642, 0, 624},      {"train", 662, 0, 646},         {"tvmonitor", 629, 0, 622}};

bool same_categories(const std::vector<PublishedCount>& counts,
                     const std::vector<std::string>& categories) {
  return counts.size() == categories.size() &&
         std::ranges::all_of(counts, [&](const PublishedCount& count) {
           return std::ranges::count(categories, count.category) == 1;
         });
}

}  // namespace

std::vector<PublishedCount> published_counts(const std::string& kind,
                                             const std::vector<std::string>& categories) {
  if (kind == "shapenet" || kind == "shapenetcore" || kind == "packed")
    if (same_categories(shapenet, categories)) return shapenet;
  if (kind == "pascal3d" || kind == "packed")
    if (same_categories(pascal3d, categories)) return pascal3d;
  if (kind == "pix3d" && categories == std::vector<std::string>{"chair"})
    return {{"chair", 0, 0, 2894}};
  if (kind == "modelnet" && categories.size() == 10) return {{"*", 3991, 0, 908}};
  if (kind == "modelnet" && categories.size() == 40) return {{"*", 9843, 0, 2468}};
  return {};
}

}  // namespace voxgrad
