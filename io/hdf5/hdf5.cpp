#include "io/hdf5/hdf5.h"

#include <hdf5.h>

#include <algorithm>
#include <array>
#include <utility>

#include "io/file.h"

namespace voxgrad {
namespace {

constexpr std::size_t growth = 16 << 20;  // bytes by which an image grows in memory
constexpr std::size_t max_name = 255;

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
  herr_t close_now() { return close_(std::exchange(id_, -1)); }
  void leak() { id_ = -1; }

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
  bool on_disk = false;

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
  // HDF5 would open and read a file of the name that it is given, if there were one.
  state_->file = Handle(H5Fcreate("/dev/null/image", H5F_ACC_TRUNC, creation, access), H5Fclose);
  state_->require(state_->file, "a new image");
}

Hdf5Writer::Hdf5Writer(const std::filesystem::path& file, OnDisk)
    : state_(std::make_unique<State>()) {
  // At the program's end the library would write again what could not be written, and crash.
  H5dont_atexit();
  silence();
  state_->name = file.string();
  state_->on_disk = true;
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST);
  const Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  order_without_times(creation);
  state_->file = Handle(H5Fcreate(state_->name.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose);
  state_->require(state_->file, "a new file; is its folder there, and may it be written to?");
}

// A file that could not be written stays open: closing it would write to it again.
Hdf5Writer::~Hdf5Writer() {
  if (state_->on_disk) state_->file.leak();
}

void Hdf5Writer::close() {
  state_->require(H5Fflush(state_->file, H5F_SCOPE_GLOBAL), "to the disk: is it full?");
  state_->require(state_->file.close_now(), "to the disk: is it full?");
  sync_file(state_->name);
}

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

}  // namespace voxgrad
