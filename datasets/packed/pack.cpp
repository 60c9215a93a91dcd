#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <map>

#include "datasets/packed/layout.h"
#include "datasets/packed/packed.h"
#include "io/checksummed_file.h"
#include "io/file.h"
#include "io/hdf5/hdf5.h"
#include "tensor/error.h"

namespace voxgrad {
namespace packed {

std::uint64_t index_checksum(const std::vector<NamedTensor>& index) {
  std::vector<std::uint8_t> sums;
  for (const auto& [name, tensor] : index) {
    sums.insert(sums.end(), name.begin(), name.end());
    const std::uint64_t sum = checksum({static_cast<const std::uint8_t*>(tensor.raw()),
                                        std::size_t(tensor.numel()) * size_of(tensor.dtype())});
    for (int i = 0; i < 8; ++i) sums.push_back(std::uint8_t(sum >> (8 * i)));
  }
  return checksum(sums);
}

}  // namespace packed

namespace fs = std::filesystem;
using namespace packed;
namespace {

/// One object, read and ready to be appended.
struct ReadyObject {
  std::vector<std::uint8_t> bytes;
  std::vector<std::array<std::int64_t, packed::view_count>> views;  // offsets within `bytes`
  std::array<std::int64_t, packed::volume_count> volume{};
  std::array<double, frame_count> frame{};
  std::vector<std::optional<Box>> boxes;
  std::vector<std::optional<GridCamera>> cameras;
  std::uint64_t decoded = 0;
};

std::int64_t sum_of(const std::vector<std::uint8_t>& bytes, std::size_t from) {
  return std::int64_t(checksum(std::span(bytes).subspan(from)));
}

void add_volume(const VoxelGrid& grid, ReadyObject& ready) {
  const std::size_t from = ready.bytes.size();
  const bool binary =
      std::ranges::all_of(grid.values, [](float v) { return v == 0.0f || v == 1.0f; });
  if (binary) {
    ready.bytes.resize(from + (grid.values.size() + 7) / 8);
    for (std::size_t i = 0; i < grid.values.size(); ++i)
      if (grid.values[i] == 1.0f) ready.bytes[from + i / 8] |= std::uint8_t(1u << (i % 8));
  } else {
    ready.bytes.resize(from + grid.values.size() * sizeof(float));
    std::memcpy(ready.bytes.data() + from, grid.values.data(), grid.values.size() * sizeof(float));
  }
  ready.volume[volume_offset] = std::int64_t(from);
  ready.volume[volume_checksum] = sum_of(ready.bytes, from);
  ready.volume[volume_side] = grid.n;
  ready.volume[volume_kind] = binary ? 0 : 1;
  ready.frame = {grid.translate[0], grid.translate[1], grid.translate[2], grid.scale};
}

ReadyObject read_object(const Dataset& dataset, std::int64_t object) {
  ReadyObject ready;
  const int views = dataset.view_count(object);
  for (int view = 0; view < views; ++view) {
    const Image picture = dataset.view(object, view);
    const std::size_t from = ready.bytes.size();
    const StoredPicture stored = store_picture(picture, ready.bytes);
    std::int64_t border = 0;
    for (int i = 0; i < 4; ++i) border |= std::int64_t(stored.border[std::size_t(i)]) << (8 * i);
    ready.views.push_back({0, std::int64_t(from), sum_of(ready.bytes, from), stored.width,
                           stored.height, stored.channels, stored.left, stored.top, stored.columns,
                           stored.rows, border});
    ready.boxes.push_back(dataset.box(object, view));
    ready.cameras.push_back(dataset.camera(object, view));
    ready.decoded += picture.pixels.size();
  }
  add_volume(dataset.volume(object), ready);
  return ready;
}

/// Rows of so many columns; 0: a list.
template <class T>
Tensor table(const std::vector<T>& values, std::int64_t columns = 0) {
  const auto count = std::int64_t(values.size());
  const DType dtype = std::is_same_v<T, double>         ? DType::f64
                      : std::is_same_v<T, std::int64_t> ? DType::i64
                                                        : DType::u8;
  Tensor tensor(columns == 0 ? Shape{count} : Shape{count / columns, columns}, dtype);
  std::memcpy(tensor.raw(), values.data(), values.size() * sizeof(T));
  return tensor;
}

Tensor text_table(const std::string& text) {
  return table(std::vector<std::uint8_t>(text.begin(), text.end()));
}

/// Collects the index, and writes chunks as they become full.
class Packer {
 public:
  Packer(Hdf5Writer& writer, std::size_t chunk_bytes) : writer_(writer), chunk_bytes_(chunk_bytes) {
    writer_.group("chunks");
  }

  void add(const ObjectInfo& info, std::size_t split, const ReadyObject& ready) {
    const auto offset = std::int64_t(chunk_.size());
    chunk_.insert(chunk_.end(), ready.bytes.begin(), ready.bytes.end());
    splits_.push_back(std::int64_t(split));
    const auto known = categories_.try_emplace({info.taxonomy_id, info.taxonomy_name},
                                               std::int64_t(categories_.size()));
    if (known.second) category_names_ += info.taxonomy_id + "\t" + info.taxonomy_name + "\n";
    object_categories_.push_back(known.first->second);
    object_ids_ += info.object_id + "\n";
    first_views_.push_back(std::int64_t(views_.size()) / packed::view_count);
    for (auto view : ready.views) {
      view[view_chunk] = chunks_;
      view[view_offset] += offset;
      views_.insert(views_.end(), view.begin(), view.end());
    }
    auto volume = ready.volume;
    volume[volume_chunk] = chunks_;
    volume[volume_offset] += offset;
    volumes_.insert(volumes_.end(), volume.begin(), volume.end());
    frames_.insert(frames_.end(), ready.frame.begin(), ready.frame.end());
    for (const std::optional<Box>& box : ready.boxes) {
      const Box known_box = box.value_or(Box{});
      boxes_.insert(boxes_.end(), {box ? 1.0 : 0.0, known_box.left, known_box.top, known_box.right,
                                   known_box.bottom});
    }
    for (const std::optional<GridCamera>& camera : ready.cameras) {
      cameras_.push_back(camera ? 1 : 0);
      for (const auto& row : camera.value_or(GridCamera{}).matrix)
        cameras_.insert(cameras_.end(), row.begin(), row.end());
    }
    if (chunk_.size() >= chunk_bytes_) write_chunk();
  }

  void finish() {
    if (!chunk_.empty()) write_chunk();
    first_views_.push_back(std::int64_t(views_.size()) / packed::view_count);
    const std::vector<NamedTensor> index{{"splits", table(splits_)},
                                         {"categories", text_table(category_names_)},
                                         {"object_categories", table(object_categories_)},
                                         {"object_ids", text_table(object_ids_)},
                                         {"first_views", table(first_views_)},
                                         {"views", table(views_, packed::view_count)},
                                         {"volumes", table(volumes_, packed::volume_count)},
                                         {"frames", table(frames_, frame_count)},
                                         {"boxes", table(boxes_, box_count)},
                                         {"cameras", table(cameras_, camera_count)}};
    writer_.group("index");
    for (const auto& [name, tensor] : index) writer_.tensor("index", name, tensor);
    writer_.attribute("", "format", std::string(format));
    writer_.attribute("", "format_version", format_version);
    writer_.attribute("", "checksum", index_checksum(index));
  }

 private:
  void write_chunk() {
    std::string name = std::to_string(chunks_++);
    name.insert(0, name.size() < 6 ? 6 - name.size() : 0, '0');
    writer_.tensor("chunks", name, table(chunk_));
    chunk_.clear();
  }

  Hdf5Writer& writer_;
  std::size_t chunk_bytes_;
  std::int64_t chunks_ = 0;
  std::vector<std::uint8_t> chunk_;
  std::vector<std::int64_t> splits_, object_categories_, first_views_, views_, volumes_;
  std::vector<double> frames_, boxes_, cameras_;
  std::map<std::pair<std::string, std::string>, std::int64_t> categories_;
  std::string category_names_, object_ids_;
};

/// Reads some objects on several threads; the error of the first that fails is thrown.
std::vector<ReadyObject> read_objects(const Dataset& dataset, std::int64_t first,
                                      std::int64_t count, int threads) {
  std::vector<ReadyObject> ready(static_cast<std::size_t>(count));
  std::vector<std::exception_ptr> errors(ready.size());
#pragma omp parallel for schedule(dynamic) num_threads(std::max(threads, 1))
  for (std::int64_t i = 0; i < count; ++i) {
    try {
      ready[std::size_t(i)] = read_object(dataset, first + i);
    } catch (...) {
      errors[std::size_t(i)] = std::current_exception();
    }
  }
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
  return ready;
}

}  // namespace

PackReport pack_dataset(const std::vector<PackedSplit>& splits, const PackOptions& options) {
  std::error_code error;
  check<ConfigError>(options.overwrite || !fs::exists(options.out, error), options.out.string(),
                     " exists already: remove it, or say --overwrite");
  PackReport report;
  std::int64_t total = 0, done = 0;
  for (const PackedSplit& split : splits) total += split.objects->size();
  check<DataError>(total > 0, "there is nothing to pack");
  const fs::path unfinished =
      options.out.string() + concat(".unfinished.", std::int64_t(::getpid()));
  const struct Remove {
    const fs::path& file;
    ~Remove() {
      std::error_code ignored;
      fs::remove(file, ignored);
    }
  } remove{unfinished};
  {
    Hdf5Writer writer(unfinished, Hdf5Writer::OnDisk{});
    Packer packer(writer, options.chunk_bytes);
    for (const PackedSplit& split : splits) {
      const auto place = std::ranges::find(split_names, split.name);
      check<ConfigError>(place != split_names.end(), "no split \"", split.name, '"');
      const std::int64_t at_once = 4 * std::max(options.threads, 1);
      for (std::int64_t first = 0; first < split.objects->size(); first += at_once) {
        if (options.stop && *options.stop) {
          report.interrupted = true;
          return report;
        }
        const std::int64_t count = std::min(at_once, split.objects->size() - first);
        const std::vector<ReadyObject> ready =
            read_objects(*split.objects, first, count, options.threads);
        for (std::int64_t i = 0; i < count; ++i) {
          const ReadyObject& object = ready[std::size_t(i)];
          packer.add(split.objects->info(first + i), std::size_t(place - split_names.begin()),
                     object);
          ++report.objects;
          report.views += std::int64_t(object.views.size());
          report.decoded_bytes += object.decoded;
        }
        done += count;
        if (options.progress) options.progress(done, total);
      }
    }
    packer.finish();
    writer.close();
  }
  rename_file(unfinished, options.out);
  report.bytes = fs::file_size(options.out);
  return report;
}

}  // namespace voxgrad
