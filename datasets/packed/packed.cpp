#include "datasets/packed/packed.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <sstream>

#include "datasets/common/data_errors.h"
#include "datasets/packed/layout.h"
#include "io/checksummed_file.h"
#include "io/hdf5/hdf5.h"
#include "io/mapped_file.h"
#include "tensor/error.h"

namespace voxgrad {
namespace fs = std::filesystem;
using namespace packed;
namespace {

std::vector<std::string> lines_of(const Tensor& text) {
  std::istringstream in(
      std::string(text.data<std::uint8_t>(), text.data<std::uint8_t>() + text.numel()));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

/// The index, checked, and pieces of chunks.
class PackedDataset::File {
 public:
  explicit File(const fs::path& path) : name_(path.string()), file_(path) {
    const Hdf5Reader reader(name_, file_.bytes());
    check<DataError>(reader.text_attribute("", "format") == format, name_,
                     ": no data set that `pix2vox dataset pack` wrote");
    check<DataError>(reader.int_attribute("", "format_version") == format_version, name_,
                     ": packed by another version of Voxgrad: pack it again");
    const std::vector<NamedTensor> index = reader.tensors("index");
    check<DataError>(reader.uint_attribute("", "checksum") == index_checksum(index), name_,
                     ": damaged: the checksum of its index does not fit");
    for (const auto& [key, tensor] : index) tensors_[key] = tensor;
    for (const auto& [key, bytes] : reader.bytes("chunks"))
      chunks_.push_back({std::uint64_t(bytes.data() - file_.bytes().data()), bytes.size()});
    check_index();
  }

  const std::string& name() const { return name_; }
  std::int64_t objects() const { return tensors_.at("splits").numel(); }
  std::int64_t split(std::int64_t object) const { return i64("splits", object); }
  std::int64_t category(std::int64_t object) const { return i64("object_categories", object); }
  std::int64_t first_view(std::int64_t object) const { return i64("first_views", object); }
  const std::vector<std::string>& ids() const { return ids_; }
  const std::vector<std::pair<std::string, std::string>>& categories() const { return categories_; }

  std::int64_t view(std::int64_t place, View column) const {
    return i64("views", place * packed::view_count + column);
  }
  std::int64_t volume(std::int64_t object, Volume column) const {
    return i64("volumes", object * packed::volume_count + column);
  }
  double f64(const char* table, std::int64_t at) const {
    return tensors_.at(table).data<double>()[at];
  }

  /// A piece of a chunk, which has this checksum.
  std::vector<std::uint8_t> piece(std::int64_t chunk, std::int64_t offset, std::uint64_t size,
                                  std::int64_t sum, const std::string& what) const {
    check<DataError>(chunk >= 0 && chunk < std::int64_t(chunks_.size()) && offset >= 0, what,
                     ": damaged: its place does not exist");
    const Chunk& found = chunks_[std::size_t(chunk)];
    check<DataError>(
        std::uint64_t(offset) <= found.size && size <= found.size - std::uint64_t(offset), what,
        ": damaged: reaches over the end of its chunk");
    std::vector<std::uint8_t> bytes(size);
    file_.read(found.begin + std::uint64_t(offset), bytes);
    check<DataError>(std::int64_t(checksum(bytes)) == sum, what,
                     ": damaged: its checksum does not fit");
    return bytes;
  }

 private:
  struct Chunk {
    std::uint64_t begin = 0, size = 0;
  };

  std::int64_t i64(const char* table, std::int64_t at) const {
    return tensors_.at(table).data<std::int64_t>()[at];
  }

  void check_index() {
    const auto require = [&](const char* key, DType dtype, std::int64_t count) {
      const auto found = tensors_.find(key);
      check<DataError>(found != tensors_.end() && found->second.dtype() == dtype &&
                           (count < 0 || found->second.numel() == count),
                       name_, ": the table ", key, " of its index is missing or of another size");
    };
    require("splits", DType::i64, -1);
    const std::int64_t n = objects();
    require("object_categories", DType::i64, n);
    require("first_views", DType::i64, n + 1);
    const std::int64_t views = first_view(n);
    check<DataError>(views >= 0 && views <= std::int64_t(file_.bytes().size()), name_,
                     ": its index lists ", views, " pictures");
    require("views", DType::i64, views * packed::view_count);
    require("volumes", DType::i64, n * packed::volume_count);
    require("frames", DType::f64, n * frame_count);
    require("boxes", DType::f64, views * box_count);
    require("cameras", DType::f64, views * camera_count);
    require("object_ids", DType::u8, -1);
    require("categories", DType::u8, -1);
    ids_ = lines_of(tensors_.at("object_ids"));
    for (const std::string& line : lines_of(tensors_.at("categories"))) {
      const std::size_t tab = line.find('\t');
      check<DataError>(tab != std::string::npos, name_, ": a category of its index has no name");
      categories_.emplace_back(line.substr(0, tab), line.substr(tab + 1));
    }
    bool sound = std::int64_t(ids_.size()) == n && first_view(0) == 0;
    for (std::int64_t i = 0; i < n && sound; ++i)
      sound = split(i) >= 0 && split(i) < 3 && category(i) >= 0 &&
              category(i) < std::int64_t(categories_.size()) && first_view(i) <= first_view(i + 1);
    check<DataError>(sound, name_, ": its index contradicts itself");
  }

  std::string name_;
  MappedFile file_;
  std::map<std::string, Tensor, std::less<>> tensors_;
  std::vector<Chunk> chunks_;
  std::vector<std::string> ids_;
  std::vector<std::pair<std::string, std::string>> categories_;
};

PackedDataset::PackedDataset(const fs::path& file, const std::string& split)
    : file_(read_as_data([&] { return std::make_unique<File>(file); })) {
  const auto wanted = std::ranges::find(split_names, split) - split_names.begin();
  for (std::int64_t i = 0; i < file_->objects(); ++i) {
    if (file_->split(i) != wanted) continue;
    const auto& [id, name] = file_->categories()[std::size_t(file_->category(i))];
    objects_.push_back({{id, name, file_->ids()[std::size_t(i)]}, i});
  }
  check<DataError>(size() > 0, file_->name(), ": split \"", split, "\" has no objects");
}

PackedDataset::~PackedDataset() = default;

const PackedDataset::Object& PackedDataset::object_at(std::int64_t object) const {
  check(object >= 0 && object < size(), "[dataset] object ", object, " of ", size());
  return objects_[std::size_t(object)];
}

std::int64_t PackedDataset::view_place(std::int64_t object, int view) const {
  check(view >= 0 && view < view_count(object), "[dataset] view ", view, " of ", view_count(object),
        ": ", volume_name(object));
  return file_->first_view(object_at(object).place) + view;
}

const ObjectInfo& PackedDataset::info(std::int64_t object) const {
  return object_at(object).info;
}

int PackedDataset::view_count(std::int64_t object) const {
  const std::int64_t place = object_at(object).place;
  return int(file_->first_view(place + 1) - file_->first_view(place));
}

Image PackedDataset::view(std::int64_t object, int view) const {
  const std::int64_t place = view_place(object, view);
  const auto number = [&](View column) {
    const std::int64_t value = file_->view(place, column);
    return value >= -1 && value <= 1 << 20 ? int(value) : -1;
  };
  StoredPicture stored{.width = number(view_width),
                       .height = number(view_height),
                       .channels = number(view_channels),
                       .left = number(view_left),
                       .top = number(view_top),
                       .columns = number(view_columns),
                       .rows = number(view_rows)};
  const std::string name = view_name(object, view);
  return read_as_data([&] {
    check<DataError>(
        stored.channels >= 1 && stored.channels <= 4 && stored.columns >= 0 && stored.rows >= 0,
        name, ": damaged: the picture has impossible sizes");
    const std::int64_t border = file_->view(place, view_border);
    for (int i = 0; i < 4; ++i) stored.border[std::size_t(i)] = std::uint8_t(border >> (8 * i));
    return restore_picture(
        stored, file_->piece(file_->view(place, view_chunk), file_->view(place, view_offset),
                             stored.bytes(), file_->view(place, view_checksum), name));
  });
}

VoxelGrid PackedDataset::volume(std::int64_t object) const {
  const std::int64_t place = object_at(object).place;
  const std::string name = volume_name(object);
  const std::int64_t side = file_->volume(place, volume_side);
  const std::int64_t kind = file_->volume(place, volume_kind);
  check<DataError>(side >= 1 && side <= 512 && (kind == 0 || kind == 1), name,
                   ": damaged: a volume of side ", side);
  return read_as_data([&] {
    const auto voxels = std::uint64_t(side * side * side);
    const std::vector<std::uint8_t> bytes =
        file_->piece(file_->volume(place, volume_chunk), file_->volume(place, volume_offset),
                     kind == 0 ? (voxels + 7) / 8 : voxels * sizeof(float),
                     file_->volume(place, volume_checksum), name);
    VoxelGrid grid{int(side)};
    if (kind == 0)
      for (std::size_t i = 0; i < grid.values.size(); ++i)
        grid.values[i] = (bytes[i / 8] >> (i % 8) & 1) != 0 ? 1.0f : 0.0f;
    else
      std::memcpy(grid.values.data(), bytes.data(), bytes.size());
    for (int axis = 0; axis < 3; ++axis)
      grid.translate[std::size_t(axis)] = file_->f64("frames", place * frame_count + axis);
    grid.scale = file_->f64("frames", place * frame_count + 3);
    return grid;
  });
}

std::string PackedDataset::view_name(std::int64_t object, int view) const {
  return concat(volume_name(object), ", view ", view);
}

std::string PackedDataset::volume_name(std::int64_t object) const {
  const ObjectInfo& found = info(object);
  return concat(file_->name(), ": ", found.taxonomy_id, "/", found.object_id);
}

std::optional<Box> PackedDataset::box(std::int64_t object, int view) const {
  const std::int64_t at = view_place(object, view) * box_count;
  const auto edge = [&](int i) { return file_->f64("boxes", at + i); };
  if (edge(0) == 0) return {};
  return Box{edge(1), edge(2), edge(3), edge(4)};
}

std::optional<GridCamera> PackedDataset::camera(std::int64_t object, int view) const {
  const std::int64_t at = view_place(object, view) * camera_count;
  if (file_->f64("cameras", at) == 0) return {};
  GridCamera camera;
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t i = 0; i < 4; ++i)
      camera.matrix[row][i] = file_->f64("cameras", at + 1 + std::int64_t(row * 4 + i));
  return camera;
}

std::vector<std::string> PackedDataset::splits(const fs::path& file) {
  const auto opened = read_as_data([&] { return std::make_unique<File>(file); });
  std::array<bool, 3> found{};
  for (std::int64_t i = 0; i < opened->objects(); ++i) found[std::size_t(opened->split(i))] = true;
  std::vector<std::string> splits;
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i]) splits.emplace_back(split_names[i]);
  return splits;
}

}  // namespace voxgrad
