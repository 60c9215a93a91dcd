#include "pix2vox/evaluation/evaluator.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <map>

#include "pix2vox/data/batch_upload.h"
#include "pix2vox/network/captured_forward.h"

namespace voxgrad {

std::vector<double> iou_at(const float* probability, const float* truth, std::int64_t count,
                           const std::vector<double>& thresholds) {
  std::vector<double> result;
  for (const double threshold : thresholds) {
    std::int64_t both = 0, either = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const bool p = probability[i] >= threshold, t = truth[i] >= 0.5f;
      both += p && t;
      either += p || t;
    }
    result.push_back(either == 0 ? 1.0 : double(both) / double(either));
  }
  return result;
}

IouTable::IouTable(std::vector<double> thresholds) : thresholds_(std::move(thresholds)) {}

void IouTable::add(const ObjectInfo& object, const std::vector<double>& iou) {
  check(iou.size() == thresholds_.size(), "[iou] ", iou.size(), " values for ", thresholds_.size(),
        " thresholds");
  const std::pair category(object.taxonomy_name, object.taxonomy_id);
  auto place = std::ranges::lower_bound(sums_, category, {}, &Sum::category);
  if (place == sums_.end() || place->category != category)
    place = sums_.insert(place, {category, 0, std::vector<double>(thresholds_.size())});
  ++place->objects;
  for (std::size_t i = 0; i < iou.size(); ++i) place->total[i] += iou[i];
}

std::vector<IouTable::Row> IouTable::categories() const {
  std::vector<Row> rows;
  for (const Sum& sum : sums_) {
    const auto& [name, id] = sum.category;
    const auto same_name = [&name = name](const Sum& other) {
      return other.category.first == name;
    };
    const bool alone = std::ranges::count_if(sums_, same_name) == 1;
    Row row{alone ? name : concat(name, " (", id, ")"), sum.objects, sum.total};
    for (double& value : row.mean) value /= double(sum.objects);
    rows.push_back(std::move(row));
  }
  return rows;
}

IouTable::Row IouTable::overall() const {
  Row row{"overall", 0, std::vector<double>(thresholds_.size())};
  for (const Sum& sum : sums_) {
    row.objects += sum.objects;
    for (std::size_t i = 0; i < row.mean.size(); ++i) row.mean[i] += sum.total[i];
  }
  for (double& value : row.mean) value /= double(std::max<std::int64_t>(1, row.objects));
  return row;
}

IouTable::Row IouTable::mean_over_categories() const {
  Row result{"mean over categories", 0, std::vector<double>(thresholds_.size())};
  const std::vector<Row> rows = categories();
  for (const Row& row : rows) {
    result.objects += row.objects;
    for (std::size_t i = 0; i < result.mean.size(); ++i)
      result.mean[i] += row.mean[i] / double(rows.size());
  }
  return result;
}

std::pair<double, double> IouTable::best() const {
  const Row row = overall();
  const auto best = std::ranges::max_element(row.mean);
  check(best != row.mean.end(), "[iou] no thresholds");
  return {thresholds_[std::size_t(best - row.mean.begin())], *best};
}

double IouTable::mean_over_thresholds() const {
  double total = 0;
  const Row row = overall();
  for (const double value : row.mean) total += value;
  return total / double(std::max<std::size_t>(1, row.mean.size()));
}

namespace {

// Evaluation mode while it lives.
class EvaluationMode {
 public:
  explicit EvaluationMode(Module& module) : module_(module), training_(module.training()) {
    module_.train(false);
  }
  ~EvaluationMode() { module_.train(training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  Module& module_;
  bool training_;
};

}  // namespace

Evaluation evaluate(Pix2Vox& model, const Dataset& dataset, const LoaderOptions& options,
                    const std::vector<double>& thresholds, const EvaluationHooks& hooks) {
  check(!options.augment && !options.shuffle && !options.drop_last,
        "[evaluate] measures every object once, in order and unchanged");
  const auto start = std::chrono::steady_clock::now();
  const NoGrad no_grad;
  const EvaluationMode mode(model);
  const Device device = model.parameters().front().variable.device();
  CapturedForward forward(model);
  BatchUpload upload(device, model.precision());
  Evaluation result;
  result.iou = IouTable(thresholds);
  LoaderOptions packing = options;
  packing.pack = BatchUpload::wants_packed(device);
  Loader loader(dataset, packing);
  loader.start_epoch(0);
  std::int64_t done = 0, measured = 0;
  for (Batch batch; loader.next(batch);) {
    done += batch.size;
    batch = without_substitutes(std::move(batch));
    if (batch.size == 0) continue;
    measured += batch.size;
    const BatchUpload::Inputs inputs = upload(batch);
    const Prediction& prediction = forward(inputs.images, batch.n_views);
    const Losses losses = Pix2Vox::losses(prediction, inputs.volumes);
    result.loss_merged += losses.merged.value().item() * double(batch.size);
    if (losses.refined.defined())
      result.loss_refined += losses.refined.value().item() * double(batch.size);

    const Tensor volumes = prediction.volume().value().to(Device::cpu());
    const std::int64_t count = volumes.numel() / batch.size;
    for (std::int64_t b = 0; b < batch.size; ++b)
      result.iou.add(batch.objects[b],
                     iou_at(volumes.data<float>() + b * count,
                            batch.volumes.data<float>() + b * count, count, thresholds));
    if (hooks.predicted) hooks.predicted(batch, volumes);
    if (hooks.progress) hooks.progress(done, dataset.size());
    if (hooks.stop && hooks.stop()) break;
  }
  result.skipped = loader.skipped();
  check<DataError>(measured > 0, "[evaluate] none of ", done,
                   " objects could be read; the last one: ",
                   result.skipped.empty() ? "" : result.skipped.back().message);
  result.loss_merged /= double(measured);
  result.loss_refined /= double(measured);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

namespace {

using Bits = std::vector<std::uint64_t>;

Bits pack(const VoxelGrid& grid) {
  Bits bits((grid.values.size() + 63) / 64);
  for (std::size_t i = 0; i < grid.values.size(); ++i)
    if (grid.values[i] >= 0.5f) bits[i / 64] |= std::uint64_t{1} << (i % 64);
  return bits;
}

double iou(const Bits& a, const Bits& b) {
  std::int64_t both = 0, either = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both += std::popcount(a[i] & b[i]);
    either += std::popcount(a[i] | b[i]);
  }
  return either == 0 ? 1.0 : double(both) / double(either);
}

std::pair<std::string, std::string> category_of(const ObjectInfo& object) {
  return {object.taxonomy_id, object.taxonomy_name};
}

// The mean of volumes, collected one by one.
struct MeanShape {
  std::vector<double> total;
  double objects = 0;

  void add(const VoxelGrid& grid) {
    total.resize(grid.values.size());
    for (std::size_t i = 0; i < total.size(); ++i) total[i] += grid.values[i];
    ++objects;
  }
  std::vector<float> mean() const {
    std::vector<float> result;
    for (const double value : total) result.push_back(float(value / objects));
    return result;
  }
};

}  // namespace

Baselines measure_baselines(const Dataset& train, const Dataset& test,
                            const std::vector<double>& thresholds,
                            const std::function<void(std::int64_t, std::int64_t)>& progress) {
  MeanShape global;
  std::map<std::pair<std::string, std::string>, MeanShape> by_category;
  std::vector<Bits> shapes;
  std::int64_t done = 0;
  const std::int64_t total = train.size() + test.size();
  const auto tick = [&] {
    if (progress) progress(++done, total);
  };
  for (std::int64_t i = 0; i < train.size(); ++i, tick()) {
    const VoxelGrid grid = train.volume(i);
    global.add(grid);
    by_category[category_of(train.info(i))].add(grid);
    shapes.push_back(pack(grid));
  }
  const std::vector<float> global_mean = global.mean();
  std::map<std::pair<std::string, std::string>, std::vector<float>> category_means;
  for (const auto& [category, shape] : by_category) category_means.emplace(category, shape.mean());

  Baselines result{IouTable(thresholds), IouTable(thresholds), IouTable({0.5})};
  for (std::int64_t i = 0; i < test.size(); ++i, tick()) {
    const VoxelGrid truth = test.volume(i);
    check<DataError>(truth.values.size() == global_mean.size(), test.volume_name(i),
                     ": the volume's side is ", truth.n, ", those of the training split differ");
    const ObjectInfo& object = test.info(i);
    const auto score = [&](const std::vector<float>& shape) {
      return iou_at(shape.data(), truth.values.data(), std::int64_t(shape.size()), thresholds);
    };
    result.mean_shape.add(object, score(global_mean));
    const auto own = category_means.find(category_of(object));
    result.category_mean_shape.add(object,
                                   score(own == category_means.end() ? global_mean : own->second));
    const Bits bits = pack(truth);
    double best = 0;
    for (const Bits& shape : shapes) best = std::max(best, iou(shape, bits));
    result.best_training_shape.add(object, {best});
  }
  return result;
}

}  // namespace voxgrad
