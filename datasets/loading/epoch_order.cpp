#include "datasets/loading/epoch_order.h"

#include <algorithm>
#include <cmath>

#include "datasets/loading/random_streams.h"
#include "tensor/error.h"
#include "tensor/rng.h"

namespace voxgrad {
namespace {

/// Neighbouring objects of one weight.
struct Run {
  std::int64_t first, size;
  std::uint64_t whole;   // times that each is shown
  std::int64_t partial;  // of them, once more
};

std::vector<Run> runs_of(const Dataset& dataset) {
  std::vector<Run> runs;
  const std::int64_t size = dataset.size();
  for (std::int64_t first = 0, end = 0; first < size; first = end) {
    const double weight = dataset.weight(first);
    check(weight > 0 && weight <= 1000, "[loader] the weight ", weight, " of ",
          dataset.info(first).object_id, " is not between 0 and 1000");
    while (end < size && dataset.weight(end) == weight) ++end;
    const double whole = std::floor(weight);
    runs.push_back({first, end - first, std::uint64_t(whole),
                    std::llround((weight - whole) * double(end - first))});
  }
  return runs;
}

}  // namespace

std::int64_t epoch_length(const Dataset& dataset) {
  std::int64_t length = 0;
  for (const Run& run : runs_of(dataset))
    length += run.size * std::int64_t(run.whole) + run.partial;
  return length;
}

std::vector<EpochEntry> shuffled_epoch(const Dataset& dataset, std::uint64_t seed,
                                       std::uint64_t epoch) {
  std::vector<EpochEntry> entries;
  for (const Run& run : runs_of(dataset)) {
    for (std::uint64_t repeat = 0; repeat < run.whole; ++repeat)
      for (std::int64_t i = 0; i < run.size; ++i) entries.push_back({run.first + i, repeat});
    if (run.partial == 0) continue;
    Rng rng(seed, {weight_stream, epoch, std::uint64_t(run.first)});
    std::vector<std::int64_t> drawn = rng.permutation(run.size);
    drawn.resize(std::size_t(run.partial));
    for (const std::int64_t i : drawn) entries.push_back({run.first + i, run.whole});
  }
  const auto order = Rng(seed, {order_stream, epoch}).permutation(std::int64_t(entries.size()));
  std::vector<EpochEntry> result(entries.size());
  std::ranges::transform(order, result.begin(),
                         [&](std::int64_t i) { return entries[std::size_t(i)]; });
  return result;
}

}  // namespace voxgrad
