#include "pix2vox/hdf5_image.h"

#include <hdf5.h>
#include <hdf5_hl.h>

#include <array>

namespace voxgrad {
namespace {

constexpr std::size_t growth = 16 << 20;  // bytes by which an image grows in memory
constexpr std::size_t max_text = 1 << 20;
constexpr std::size_t max_name = 255;
constexpr hsize_t max_tensors = 100000;

class Handle {
 public:
  Handle() = default;
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }

 private:
  hid_t id_ = -1;
  herr_t (*close_)(hid_t) = nullptr;
};

// HDF5 prints its error stack unless told not to; our messages say what was being done.
void silence() {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string absolute(const std::string& group) {
  return "/" + group;
}

struct TypeName {
  DType dtype;
  hid_t id;
};
std::array<TypeName, 4> known_types() {
  return {{{DType::f32, H5T_IEEE_F32LE},
           {DType::f64, H5T_IEEE_F64LE},
           {DType::i64, H5T_STD_I64LE},
           {DType::u8, H5T_STD_U8LE}}};
}

Handle text_type(std::size_t length) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, std::max<std::size_t>(1, length));
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

// Creation order for reading back in order; no times, so that equal contents are equal bytes.
void order_without_times(hid_t group_creation) {
  H5Pset_link_creation_order(group_creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  H5Pset_obj_track_times(group_creation, false);
}

}  // namespace

struct Hdf5Writer::State {
  std::string name;
  Handle file;

  template <class... Parts>
  void require(herr_t status, const Parts&... parts) const {
    check(status >= 0, name, ": HDF5 cannot write ", parts...);
  }

  void attribute(const std::string& group, const std::string& key, hid_t type,
                 const void* value) const {
    const Handle object(H5Oopen(file, absolute(group).c_str(), H5P_DEFAULT), H5Oclose);
    const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    const Handle target(H5Acreate2(object, key.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT),
                        H5Aclose);
    require(target, "attribute ", key);
    require(H5Awrite(target, type, value), "attribute ", key);
  }
};

Hdf5Writer::Hdf5Writer(std::string name) : state_(std::make_unique<State>()) {
  silence();
  state_->name = std::move(name);
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fapl_core(access, growth, /*backing_store=*/false);
  // The oldest format: of newer ones, HDF5 1.10 gives images whose superblock does not fit its own
  // checksum.
  H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST);
  const Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  order_without_times(creation);
  state_->file = Handle(H5Fcreate(state_->name.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose);
  state_->require(state_->file, "a new image");
}

Hdf5Writer::~Hdf5Writer() = default;

void Hdf5Writer::group(const std::string& path) {
  const Handle creation(H5Pcreate(H5P_GROUP_CREATE), H5Pclose);
  order_without_times(creation);
  const Handle created(
      H5Gcreate2(state_->file, absolute(path).c_str(), H5P_DEFAULT, creation, H5P_DEFAULT),
      H5Gclose);
  state_->require(created, "group ", path);
}

void Hdf5Writer::attribute(const std::string& group, const std::string& key, std::int64_t value) {
  state_->attribute(group, key, H5T_STD_I64LE, &value);
}
void Hdf5Writer::attribute(const std::string& group, const std::string& key, std::uint64_t value) {
  state_->attribute(group, key, H5T_STD_U64LE, &value);
}
void Hdf5Writer::attribute(const std::string& group, const std::string& key, double value) {
  state_->attribute(group, key, H5T_IEEE_F64LE, &value);
}
void Hdf5Writer::attribute(const std::string& group, const std::string& key,
                           const std::string& value) {
  state_->attribute(group, key, text_type(value.size()), value.c_str());
}

void Hdf5Writer::tensor(const std::string& group, const std::string& key, const Tensor& tensor) {
  const std::string& name = state_->name;
  check(!key.empty() && key != "." && key.size() <= max_name && key.find('/') == std::string::npos,
        name, ": \"", key, "\" cannot be the name of a tensor");
  hid_t type = -1;
  for (const auto& [dtype, id] : known_types())
    if (dtype == tensor.dtype()) type = id;
  check(type >= 0, name, ": tensor ", key, " is ", tensor.dtype(),
        ", checkpoints hold f32, f64, i64 and u8");
  const Tensor values = tensor.to(Device::cpu());
  std::array<hsize_t, Shape::max_rank> extents{};
  for (int i = 0; i < tensor.shape().rank(); ++i) extents[i] = hsize_t(tensor.shape()[i]);
  const Handle space(H5Screate_simple(tensor.shape().rank(), extents.data(), nullptr), H5Sclose);
  const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_obj_track_times(creation, false);
  const std::string path = absolute(group) + "/" + key;
  const Handle target(
      H5Dcreate2(state_->file, path.c_str(), type, space, H5P_DEFAULT, creation, H5P_DEFAULT),
      H5Dclose);
  state_->require(target, "tensor ", key);
  state_->require(H5Dwrite(target, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.raw()), "tensor ",
                  key);
}

std::vector<std::uint8_t> Hdf5Writer::finish() {
  state_->require(H5Fflush(state_->file, H5F_SCOPE_GLOBAL), "the image");
  const ssize_t size = H5Fget_file_image(state_->file, nullptr, 0);
  check(size > 0, state_->name, ": HDF5 cannot give the image");
  std::vector<std::uint8_t> image(static_cast<std::size_t>(size));
  check(H5Fget_file_image(state_->file, image.data(), image.size()) == size, state_->name,
        ": HDF5 cannot give the image");
  return image;
}

struct Hdf5Reader::State {
  std::string name;
  std::size_t image_size = 0;
  Handle file;

  template <class... Parts>
  void require(bool condition, const Parts&... parts) const {
    check(condition, name, ": ", parts..., ": not a checkpoint that this program can read");
  }

  Handle attribute(const std::string& group, const std::string& key) const {
    Handle source(
        H5Aopen_by_name(file, absolute(group).c_str(), key.c_str(), H5P_DEFAULT, H5P_DEFAULT),
        H5Aclose);
    require(source >= 0, absolute(group), " has no attribute ", key);
    const Handle space(H5Aget_space(source), H5Sclose);
    require(H5Sget_simple_extent_type(space) == H5S_SCALAR, "attribute ", key, " is not one value");
    return source;
  }

  void read_number(const std::string& group, const std::string& key, hid_t expected,
                   void* value) const {
    const Handle source = attribute(group, key);
    const Handle type(H5Aget_type(source), H5Tclose);
    require(H5Tequal(type, expected) > 0, "attribute ", key, " has an unexpected type");
    require(H5Aread(source, expected, value) >= 0, "attribute ", key, " cannot be read");
  }

  Tensor read_tensor(hid_t group, const std::string& key) const {
    H5L_info_t link{};
    require(H5Lget_info(group, key.c_str(), &link, H5P_DEFAULT) >= 0 && link.type == H5L_TYPE_HARD,
            key, " is a link to elsewhere");
    const Handle source(H5Dopen2(group, key.c_str(), H5P_DEFAULT), H5Dclose);
    require(source >= 0, key, " is not a dataset");
    const Handle creation(H5Dget_create_plist(source), H5Pclose);
    require(H5Pget_layout(creation) == H5D_CONTIGUOUS && H5Pget_external_count(creation) == 0, key,
            " is not stored in one piece in the file");

    const Handle type(H5Dget_type(source), H5Tclose);
    const TypeName* known = nullptr;
    const auto types = known_types();
    for (const TypeName& each : types)
      if (H5Tequal(type, each.id) > 0) known = &each;
    require(known, key, " has an unexpected element type");

    const Handle space(H5Dget_space(source), H5Sclose);
    const int rank = H5Sget_simple_extent_ndims(space);
    require(H5Sis_simple(space) > 0 && rank >= 0 && rank <= Shape::max_rank, key, " has rank ",
            rank);
    std::array<hsize_t, Shape::max_rank> extents{};
    H5Sget_simple_extent_dims(space, extents.data(), nullptr);
    std::array<std::int64_t, Shape::max_rank> sizes{};
    std::size_t bytes = size_of(known->dtype);
    for (int i = 0; i < rank; ++i) {
      require(extents[i] >= 1 && extents[i] <= image_size / bytes, key, " is larger than the file");
      bytes *= extents[i];
      sizes[i] = std::int64_t(extents[i]);
    }
    require(H5Dget_storage_size(source) == bytes, key, " has no complete data");

    Tensor tensor(Shape(std::span(sizes.data(), std::size_t(rank))), known->dtype);
    require(H5Dread(source, known->id, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.raw()) >= 0, key,
            " cannot be read");
    return tensor;
  }
};

Hdf5Reader::Hdf5Reader(std::string name, std::span<const std::uint8_t> image)
    : state_(std::make_unique<State>()) {
  silence();
  state_->name = std::move(name);
  state_->image_size = image.size();
  // Read-only and not copied: HDF5 never writes to it.
  auto* bytes = const_cast<std::uint8_t*>(image.data());
  state_->file =
      Handle(H5LTopen_file_image(bytes, image.size(),
                                 H5LT_FILE_IMAGE_DONT_COPY | H5LT_FILE_IMAGE_DONT_RELEASE),
             H5Fclose);
  state_->require(state_->file >= 0, "HDF5 cannot open it");
}

Hdf5Reader::~Hdf5Reader() = default;

bool Hdf5Reader::has_group(const std::string& path) const {
  return H5Lexists(state_->file, path.c_str(), H5P_DEFAULT) > 0;
}

std::int64_t Hdf5Reader::int_attribute(const std::string& group, const std::string& key) const {
  std::int64_t value = 0;
  state_->read_number(group, key, H5T_STD_I64LE, &value);
  return value;
}

std::uint64_t Hdf5Reader::uint_attribute(const std::string& group, const std::string& key) const {
  std::uint64_t value = 0;
  state_->read_number(group, key, H5T_STD_U64LE, &value);
  return value;
}

double Hdf5Reader::double_attribute(const std::string& group, const std::string& key) const {
  double value = 0;
  state_->read_number(group, key, H5T_IEEE_F64LE, &value);
  return value;
}

std::string Hdf5Reader::text_attribute(const std::string& group, const std::string& key) const {
  const Handle source = state_->attribute(group, key);
  const Handle type(H5Aget_type(source), H5Tclose);
  const std::size_t size = H5Tget_size(type);
  state_->require(H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 && size >= 1 &&
                      size <= max_text,
                  "attribute ", key, " is not a short text");
  std::string text(size, '\0');
  state_->require(H5Aread(source, type, text.data()) >= 0, "attribute ", key, " cannot be read");
  text.resize(text.find_last_not_of('\0') + 1);
  return text;
}

std::vector<Module::NamedTensor> Hdf5Reader::tensors(const std::string& group) const {
  const Handle source(H5Gopen2(state_->file, absolute(group).c_str(), H5P_DEFAULT), H5Gclose);
  state_->require(source >= 0, "there is no group ", absolute(group));
  H5G_info_t info{};
  state_->require(H5Gget_info(source, &info) >= 0 && info.nlinks <= max_tensors,
                  "cannot list group ", absolute(group));
  std::vector<Module::NamedTensor> result;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    std::array<char, max_name + 1> key{};
    const ssize_t length = H5Lget_name_by_idx(source, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i,
                                              key.data(), key.size(), H5P_DEFAULT);
    state_->require(length > 0 && std::size_t(length) <= max_name, "cannot list group ",
                    absolute(group));
    result.push_back({key.data(), state_->read_tensor(source, key.data())});
  }
  return result;
}

}  // namespace voxgrad
