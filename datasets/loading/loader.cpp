#include "datasets/loading/loader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <numeric>
#include <utility>

#include "datasets/loading/cached_dataset.h"
#include "datasets/loading/epoch_order.h"
#include "datasets/loading/random_streams.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

constexpr int max_substitutes = 16;  // so many random objects in a row are not damaged by chance

/// What is fixed for an epoch before anything is read.
struct Epoch {
  std::uint64_t number = 0;
  int n_views = 0;
  std::vector<EpochEntry> order;  // of every position
};

/// A batch in work. The threads write to different slots; the rest is guarded by the mutex.
struct PendingBatch {
  std::shared_ptr<const Epoch> epoch;
  std::int64_t first_position = 0;
  Batch batch;
  std::int64_t taken = 0, finished = 0;  // slots
  std::vector<char> done;
  std::vector<std::exception_ptr> errors;
  std::vector<SkippedObject> skipped;  // one per slot; an empty message means none

  const EpochEntry& entry(std::int64_t slot) const {
    return epoch->order[std::size_t(first_position + slot)];
  }
  std::int64_t object(std::int64_t slot) const { return entry(slot).object; }
  bool complete() const { return finished == batch.size; }
};

void check_options(const LoaderOptions& options) {
  check_transform_options(options.transform);
  check<ConfigError>(options.batch_size >= 1 && options.batch_size <= 1 << 20,
                     "[loader] batch_size must be in 1..1048576, got ", options.batch_size);
  check<ConfigError>(options.n_views >= 1 && options.n_views <= 1024,
                     "[loader] n_views must be in 1..1024, got ", options.n_views);
  check<ConfigError>(options.n_vox >= 1 && options.n_vox <= 512,
                     "[loader] n_vox must be in 1..512, got ", options.n_vox);
  check<ConfigError>(options.threads >= 1 && options.threads <= 1024,
                     "[loader] threads must be in 1..1024, got ", options.threads);
  check<ConfigError>(options.prefetch >= 1 && options.prefetch <= 1024,
                     "[loader] prefetch must be in 1..1024, got ", options.prefetch);
  check<ConfigError>(options.skip_bad >= 0 && options.skip_bad <= 1,
                     "[loader] skip_bad must be a share in 0..1, got ", options.skip_bad);
  check<ConfigError>(options.stall_seconds > 0 && options.stall_seconds <= 1e6,
                     "[loader] stall_seconds must be in 0..1000000, got ", options.stall_seconds);
}

}  // namespace

Tensor Batch::first_images(std::int64_t count) const {
  if (images.defined()) return images.slice(0, count);
  return unpack_views(std::span(packed).first(std::size_t(count)), image_size);
}

Batch without_substitutes(Batch batch) {
  std::vector<std::int64_t> kept;
  for (std::int64_t b = 0; b < batch.size; ++b)
    if (batch.substitute[std::size_t(b)] == 0) kept.push_back(b);
  const auto count = std::int64_t(kept.size());
  if (count == batch.size) return batch;
  Batch rest;
  rest.n_views = batch.n_views;
  rest.size = count;
  rest.image_size = batch.image_size;
  if (count == 0) return rest;
  const std::int64_t side = batch.image_size, n = batch.volumes.shape()[1];
  if (batch.images.defined()) rest.images = Tensor({batch.n_views * count, side, side, 3});
  rest.volumes = Tensor({count, n, n, n});
  rest.substitute.resize(kept.size());
  for (std::int64_t v = 0; v < batch.n_views; ++v)
    for (std::int64_t b = 0; b < count; ++b) {
      const std::int64_t from = v * batch.size + kept[std::size_t(b)], to = v * count + b;
      if (batch.images.defined())
        rest.images.slice(to, to + 1).copy_from(batch.images.slice(from, from + 1));
      else
        rest.packed.push_back(std::move(batch.packed[std::size_t(from)]));
    }
  for (std::int64_t b = 0; b < count; ++b) {
    const std::int64_t from = kept[std::size_t(b)];
    rest.volumes.slice(b, b + 1).copy_from(batch.volumes.slice(from, from + 1));
    rest.objects.push_back(batch.objects[std::size_t(from)]);
  }
  return rest;
}

struct Loader::State {
  State(const Dataset& source, const LoaderOptions& loader_options)
      : dataset(source, loader_options.cache_bytes),
        options(loader_options),
        length(options.shuffle ? epoch_length(source) : source.size()) {}

  const CachedDataset dataset;
  const LoaderOptions options;
  const std::int64_t length;  // objects of an epoch

  std::mutex mutex;  // guards everything below
  std::condition_variable work_there, batch_there;
  bool stop = false, stalled = false;
  std::shared_ptr<const Epoch> epoch;
  std::int64_t next_batch = 0;  // to be queued
  std::deque<std::shared_ptr<PendingBatch>> pending;
  std::uint64_t finished_samples = 0;
  double wait_seconds = 0;
  std::vector<SkippedObject> skipped;

  std::int64_t batches() const;
  std::shared_ptr<const Epoch> plan(std::int64_t number) const;
  void queue_batches();

  void run_thread();
  std::shared_ptr<PendingBatch> find_work() const;
  void load_slot(PendingBatch& pending, std::int64_t slot) const;
  void load_object(PendingBatch& pending, std::int64_t slot, std::int64_t object) const;
  void load_views(Batch& batch, std::int64_t slot, std::int64_t object, Rng& rng) const;
  void load_volume(Batch& batch, std::int64_t slot, std::int64_t object) const;

  void wait_for_front(std::unique_lock<std::mutex>& lock);
  void report_errors(const PendingBatch& front);
  std::string describe(std::int64_t object) const;
};

std::int64_t Loader::State::batches() const {
  const std::int64_t batch = options.batch_size;
  return options.drop_last ? length / batch : (length + batch - 1) / batch;
}

std::string Loader::State::describe(std::int64_t object) const {
  const ObjectInfo& info = dataset.info(object);
  return concat("object ", info.taxonomy_name, " ", info.object_id);
}

std::shared_ptr<const Epoch> Loader::State::plan(std::int64_t number) const {
  auto result = std::make_shared<Epoch>();
  result->number = std::uint64_t(number);
  result->n_views = options.n_views;
  if (options.random_n_views) {
    Rng rng(options.seed, {n_views_stream, result->number});
    result->n_views = 1 + int(rng.below(std::uint64_t(options.n_views)));
  }
  if (options.shuffle) {
    result->order = shuffled_epoch(dataset, options.seed, result->number);
  } else {
    for (std::int64_t i = 0; i < length; ++i) result->order.push_back({i});
  }
  return result;
}

void Loader::State::queue_batches() {
  const std::int64_t side = options.transform.size, n = options.n_vox;
  for (; int(pending.size()) < options.prefetch && next_batch < batches(); ++next_batch) {
    auto added = std::make_shared<PendingBatch>();
    added->epoch = epoch;
    added->first_position = next_batch * options.batch_size;
    Batch& batch = added->batch;
    batch.size = std::min(options.batch_size, length - added->first_position);
    batch.n_views = epoch->n_views;
    batch.image_size = options.transform.size;
    if (options.pack)
      batch.packed.resize(std::size_t(batch.n_views * batch.size));
    else
      batch.images = Tensor({batch.n_views * batch.size, side, side, 3});
    batch.volumes = Tensor({batch.size, n, n, n});
    const auto slots = std::size_t(batch.size);
    batch.objects.resize(slots);
    added->done.resize(slots);
    added->errors.resize(slots);
    added->skipped.resize(slots);
    pending.push_back(std::move(added));
  }
  work_there.notify_all();
}

std::shared_ptr<PendingBatch> Loader::State::find_work() const {
  const auto found = std::ranges::find_if(
      pending, [](const auto& candidate) { return candidate->taken < candidate->batch.size; });
  return found == pending.end() ? nullptr : *found;
}

void Loader::State::run_thread() {
  std::unique_lock lock(mutex);
  while (true) {
    std::shared_ptr<PendingBatch> mine;  // kept here: start_epoch may drop it from the queue
    work_there.wait(lock, [&] { return stop || (mine = find_work()) != nullptr; });
    if (stop) return;
    const std::int64_t slot = mine->taken++;
    lock.unlock();
    try {
      load_slot(*mine, slot);
    } catch (...) {
      mine->errors[std::size_t(slot)] = std::current_exception();
    }
    lock.lock();
    mine->done[std::size_t(slot)] = 1;
    ++finished_samples;
    if (++mine->finished == mine->batch.size) batch_there.notify_all();
  }
}

void Loader::State::load_slot(PendingBatch& pending_batch, std::int64_t slot) const {
  const std::int64_t wanted = pending_batch.object(slot);
  Rng substitutes(options.seed,
                  {substitute_stream, pending_batch.epoch->number, std::uint64_t(wanted)});
  std::int64_t object = wanted;
  SkippedObject& skip = pending_batch.skipped[std::size_t(slot)];
  for (int attempt = 0;; ++attempt) {
    try {
      load_object(pending_batch, slot, object);
      return;
    } catch (const DataError& error) {
      if (options.skip_bad == 0 || attempt == max_substitutes) throw;
      if (attempt == 0) skip.message = error.what();
    }
    object = std::int64_t(substitutes.below(std::uint64_t(dataset.size())));
    skip.object = wanted;
    skip.replacement = object;
  }
}

void Loader::State::load_object(PendingBatch& pending_batch, std::int64_t slot,
                                std::int64_t object) const {
  const std::uint64_t number = pending_batch.epoch->number, key = std::uint64_t(object);
  const std::uint64_t repeat = pending_batch.entry(slot).repeat;
  Rng rng = repeat == 0 ? Rng(options.seed, {object_stream, number, key})
                        : Rng(options.seed, {object_stream, number, key, repeat});
  Batch& batch = pending_batch.batch;
  try {
    load_views(batch, slot, object, rng);
    load_volume(batch, slot, object);
    batch.objects[std::size_t(slot)] = dataset.info(object);
  } catch (const DeviceError& error) {
    fail<DeviceError>(describe(object), ": ", error.what());
  } catch (const Error& error) {
    fail<DataError>(describe(object), ": ", error.what());
  } catch (const std::exception& error) {
    fail(describe(object), ": ", error.what());
  }
}

void Loader::State::load_views(Batch& batch, std::int64_t slot, std::int64_t object,
                               Rng& rng) const {
  const int n_views = int(batch.n_views), available = dataset.view_count(object);
  check<DataError>(n_views <= available, "has ", available, " views and ", n_views,
                   " are asked for", available > 0 ? ": " + dataset.view_name(object, 0) : "",
                   "; lower n_views");
  std::vector<std::int64_t> views(static_cast<std::size_t>(available));
  std::iota(views.begin(), views.end(), 0);
  if (!options.first_views) views = rng.permutation(available);
  const AugmentationDraw draw = options.augment
                                    ? sample_augmentation(rng, n_views, options.transform)
                                    : no_augmentation(n_views, options.transform);
  for (int v = 0; v < n_views; ++v) {
    const int view = int(views[std::size_t(v)]);
    const std::shared_ptr<const Image> picture = dataset.shared_view(object, view);
    const std::int64_t row = v * batch.size + slot;
    const std::optional<Box> box = dataset.box(object, view);
    try {
      if (options.pack)
        batch.packed[std::size_t(row)] = pack_view(picture, box, draw, v, options.transform);
      else
        transform_view(*picture, box, draw, v, options.transform,
                       batch.images.slice(row, row + 1).data<float>());
    } catch (const Error& error) {
      fail<DataError>(dataset.view_name(object, view), ": ", error.what());
    }
  }
}

void Loader::State::load_volume(Batch& batch, std::int64_t slot, std::int64_t object) const {
  const VoxelGrid volume = dataset.volume(object);
  check<DataError>(volume.n == options.n_vox, dataset.volume_name(object), ": volume of ", volume.n,
                   "^3 voxels, the model has ", options.n_vox,
                   "^3; set model.n_vox or build the data set at that size");
  std::ranges::copy(volume.values, batch.volumes.slice(slot, slot + 1).data<float>());
}

void Loader::State::wait_for_front(std::unique_lock<std::mutex>& lock) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const std::chrono::duration<double> patience(options.stall_seconds);
  while (true) {
    const PendingBatch& front = *pending.front();
    const std::uint64_t finished_before = finished_samples;
    if (batch_there.wait_for(lock, patience, [&front] { return front.complete(); })) break;
    if (finished_samples != finished_before) continue;
    stalled = true;
    const auto slot = std::ranges::find(front.done, 0) - front.done.begin();
    const std::int64_t object = front.object(slot);
    fail<DataError>(describe(object), ": nothing was read for ", options.stall_seconds,
                    " s; is the disk of ", dataset.volume_name(object), " still there?");
  }
  wait_seconds += std::chrono::duration<double>(Clock::now() - start).count();
}

void Loader::State::report_errors(const PendingBatch& front) {
  for (const std::exception_ptr& error : front.errors)
    if (error) std::rethrow_exception(error);
  for (const SkippedObject& skip : front.skipped)
    if (!skip.message.empty()) skipped.push_back(skip);
  const double allowed = options.skip_bad * double(length);
  check<DataError>(double(skipped.size()) <= allowed + 1e-9, skipped.size(), " of ", length,
                   " objects could not be read in this epoch, skip_bad allows ",
                   options.skip_bad * 100,
                   "%; the last one: ", skipped.empty() ? "" : skipped.back().message);
}

Loader::Loader(const Dataset& dataset, const LoaderOptions& options) {
  check_options(options);
  check<DataError>(dataset.size() >= 1, "[loader] the data set has no objects");
  state_ = std::make_shared<State>(dataset, options);
  check<DataError>(batches() >= 1, "[loader] ", state_->length, " objects make no full batch of ",
                   options.batch_size, "; lower batch_size or keep the last one");
  for (int i = 0; i < options.threads; ++i)
    threads_.emplace_back([state = state_] { state->run_thread(); });
}

Loader::~Loader() {
  bool stalled = false;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
    stalled = state_->stalled;
  }
  state_->work_there.notify_all();
  for (std::thread& thread : threads_)
    if (stalled)
      thread.detach();  // it may never come back; the state lives as long as it does
    else
      thread.join();
}

std::int64_t Loader::batches() const {
  return state_->batches();
}

void Loader::start_epoch(std::int64_t epoch, std::int64_t first_batch) {
  check(epoch >= 0 && first_batch >= 0 && first_batch <= batches(), "[loader] no batch ",
        first_batch, " in epoch ", epoch, "; an epoch has ", batches(), " batches");
  const std::lock_guard lock(state_->mutex);
  state_->pending.clear();
  state_->epoch = state_->plan(epoch);
  state_->next_batch = first_batch;
  state_->wait_seconds = 0;
  state_->skipped.clear();
  state_->queue_batches();
}

bool Loader::next(Batch& batch) {
  std::unique_lock lock(state_->mutex);
  check(state_->epoch != nullptr, "[loader] next() before start_epoch()");
  if (state_->pending.empty()) return false;
  state_->wait_for_front(lock);
  state_->report_errors(*state_->pending.front());
  batch = std::move(state_->pending.front()->batch);
  batch.substitute.clear();
  for (const SkippedObject& skip : state_->pending.front()->skipped)
    batch.substitute.push_back(skip.message.empty() ? 0 : 1);
  state_->pending.pop_front();
  state_->queue_batches();
  return true;
}

std::int64_t Loader::n_views() const {
  const std::lock_guard lock(state_->mutex);
  return state_->epoch ? state_->epoch->n_views : state_->options.n_views;
}

double Loader::wait_seconds() const {
  const std::lock_guard lock(state_->mutex);
  return state_->wait_seconds;
}

const std::vector<SkippedObject>& Loader::skipped() const {
  return state_->skipped;
}

}  // namespace voxgrad
