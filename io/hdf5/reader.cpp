#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "io/hdf5/format.h"
#include "io/hdf5/hdf5.h"

namespace voxgrad {
namespace {

using hdf5::Bytes;
using hdf5::Cursor;
using hdf5::Message;

constexpr std::size_t max_text = 1 << 20;
constexpr std::size_t max_name = 255;

// How HDF5 describes the types that we read, after the byte of version and class.
struct NumberType {
  std::uint8_t kind;
  std::string_view description;
};
using namespace std::string_view_literals;
constexpr NumberType f32_type{
    1, "\x20\x1f\x00\x04\x00\x00\x00\x00\x00\x20\x00\x17\x08\x00\x17\x7f\x00\x00\x00"sv};
constexpr NumberType f64_type{
    1, "\x20\x3f\x00\x08\x00\x00\x00\x00\x00\x40\x00\x34\x0b\x00\x34\xff\x03\x00\x00"sv};
constexpr NumberType i64_type{0, "\x08\x00\x00\x08\x00\x00\x00\x00\x00\x40\x00"sv};
constexpr NumberType u64_type{0, "\x00\x00\x00\x08\x00\x00\x00\x00\x00\x40\x00"sv};
constexpr NumberType u8_type{0, "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x08\x00"sv};

bool is_type(Bytes message, const NumberType& type) {
  const auto same = [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); };
  return message.size() > type.description.size() && (message[0] & 0x0f) == type.kind &&
         std::equal(type.description.begin(), type.description.end(), message.begin() + 1,
                    [&](char b, std::uint8_t a) { return same(a, b); });
}

std::optional<DType> tensor_type(Bytes message) {
  if (is_type(message, f32_type)) return DType::f32;
  if (is_type(message, f64_type)) return DType::f64;
  if (is_type(message, i64_type)) return DType::i64;
  if (is_type(message, u8_type)) return DType::u8;
  return {};
}

std::string absolute(const std::string& group) {
  return "/" + group;
}

struct Attribute {
  Bytes type, space, value;
};

}  // namespace

struct Hdf5Reader::State {
  std::string name;
  hdf5::Image image;

  State(std::string file, Bytes bytes) : name(std::move(file)), image(name, bytes) {}

  template <class... Parts>
  void require(bool condition, const Parts&... parts) const {
    check(condition, name, ": ", parts..., ": not a checkpoint that this program can read");
  }

  std::optional<std::uint64_t> find(const std::string& path) const {
    std::uint64_t place = image.root();
    for (std::size_t begin = 0; begin < path.size();) {
      const std::size_t end = std::min(path.find('/', begin), path.size());
      const std::vector<hdf5::Link> links = image.links(place);
      const auto link =
          std::ranges::find(links, path.substr(begin, end - begin), &hdf5::Link::name);
      if (link == links.end()) return {};
      place = link->address;
      begin = end + 1;
    }
    return place;
  }

  std::vector<std::int64_t> extents(Bytes message, const std::string& what) const {
    Cursor cursor(message, name);
    const std::uint64_t version = cursor.number(1), rank = cursor.number(1);
    require((version == 1 || version == 2) && rank <= Shape::max_rank, what, " has rank ", rank);
    cursor.skip(version == 1 ? 6 : 2);
    std::vector<std::int64_t> sizes(rank);
    for (std::int64_t& size : sizes) {
      const std::uint64_t extent = cursor.number(8);
      require(extent >= 1 && extent <= image.size(), what, " is larger than the file");
      size = std::int64_t(extent);
    }
    return sizes;
  }

  Attribute attribute(const std::string& group, const std::string& key) const {
    const std::optional<std::uint64_t> object = find(group);
    require(object.has_value(), "there is no group ", absolute(group));
    for (const Message& message : image.messages(*object)) {
      if (message.type != Message::attribute) continue;
      Cursor cursor(message.data, name);
      const std::uint64_t version = cursor.number(1);
      require(version >= 1 && version <= 3, "attribute of an unknown version");
      cursor.skip(1);
      std::array<std::uint64_t, 3> sizes{};  // of name, type and space
      for (std::uint64_t& size : sizes) size = cursor.number(2);
      if (version == 3) cursor.skip(1);  // character set of the name
      std::array<Bytes, 3> parts;
      for (std::size_t i = 0; i < 3; ++i) {
        parts[i] = cursor.take(sizes[i]);
        if (version == 1) cursor.skip((8 - sizes[i] % 8) % 8);
      }
      const auto end = std::ranges::find(parts[0], 0);
      if (std::string(parts[0].begin(), end) != key) continue;
      require(extents(parts[2], key).empty(), "attribute ", key, " is not one value");
      return {parts[1], parts[2], cursor.take(cursor.left())};
    }
    fail(name, ": ", absolute(group), " has no attribute ", key,
         ": not a checkpoint that this program can read");
  }

  template <class T>
  T number(const std::string& group, const std::string& key, const NumberType& type) const {
    const Attribute found = attribute(group, key);
    require(is_type(found.type, type), "attribute ", key, " has an unexpected type");
    require(found.value.size() >= sizeof(T), "attribute ", key, " cannot be read");
    T value{};
    std::memcpy(&value, found.value.data(), sizeof value);
    return value;
  }

  /// A dataset in one piece: its type, extents and place in the image.
  struct Stored {
    DType dtype = DType::u8;
    std::vector<std::int64_t> sizes;
    Bytes values;
  };
  Stored find_stored(const hdf5::Link& link) const {
    const std::string& key = link.name;
    std::array<std::optional<Bytes>, 3> found;  // type, space, layout
    for (const Message& message : image.messages(link.address)) {
      require(message.type != Message::filters && message.type != Message::external_files, key,
              " is not stored in one piece in the file");
      if (message.type == Message::datatype) found[0] = message.data;
      if (message.type == Message::dataspace) found[1] = message.data;
      if (message.type == Message::layout) found[2] = message.data;
    }
    require(found[0] && found[1] && found[2], key, " is not a dataset");
    const std::optional<DType> dtype = tensor_type(*found[0]);
    require(dtype.has_value(), key, " has an unexpected element type");
    const std::vector<std::int64_t> sizes = extents(*found[1], key);
    std::uint64_t bytes = size_of(*dtype);
    for (const std::int64_t size : sizes) {
      require(std::uint64_t(size) <= image.size() / bytes, key, " is larger than the file");
      bytes *= std::uint64_t(size);
    }
    Cursor layout(*found[2], name);
    const std::uint64_t version = layout.number(1), kind = layout.number(1);
    require((version == 3 || version == 4) && kind == 1, key,
            " is not stored in one piece in the file");
    const std::uint64_t address = layout.number(8), stored = layout.number(8);
    require(stored == bytes, key, " has no complete data");
    return {*dtype, sizes, image.bytes(address, bytes)};
  }

  Tensor read_tensor(const hdf5::Link& link) const {
    const Stored stored = find_stored(link);
    Tensor tensor(Shape(stored.sizes), stored.dtype);
    std::memcpy(tensor.raw(), stored.values.data(), stored.values.size());
    return tensor;
  }
};

Hdf5Reader::Hdf5Reader(std::string name, std::span<const std::uint8_t> image)
    : state_(std::make_unique<State>(std::move(name), image)) {}

Hdf5Reader::~Hdf5Reader() = default;

bool Hdf5Reader::has_group(const std::string& path) const {
  return state_->find(path).has_value();
}

std::int64_t Hdf5Reader::int_attribute(const std::string& group, const std::string& key) const {
  return state_->number<std::int64_t>(group, key, i64_type);
}

std::uint64_t Hdf5Reader::uint_attribute(const std::string& group, const std::string& key) const {
  return state_->number<std::uint64_t>(group, key, u64_type);
}

double Hdf5Reader::double_attribute(const std::string& group, const std::string& key) const {
  return state_->number<double>(group, key, f64_type);
}

std::string Hdf5Reader::text_attribute(const std::string& group, const std::string& key) const {
  const Attribute found = state_->attribute(group, key);
  Cursor type(found.type, state_->name);
  const bool is_text = (type.number(1) & 0x0f) == 3;
  type.skip(3);
  const std::uint64_t size = type.number(4);
  state_->require(is_text && size >= 1 && size <= max_text && size <= found.value.size(),
                  "attribute ", key, " is not a short text");
  std::string text(found.value.begin(), found.value.begin() + std::ptrdiff_t(size));
  text.resize(text.find_last_not_of('\0') + 1);
  return text;
}

std::vector<NamedTensor> Hdf5Reader::tensors(const std::string& group) const {
  const std::optional<std::uint64_t> place = state_->find(group);
  state_->require(place.has_value(), "there is no group ", absolute(group));
  std::vector<NamedTensor> result;
  std::size_t room = state_->image.size();  // several names for the same bytes would outgrow it
  for (const hdf5::Link& link : state_->image.links(*place)) {
    state_->require(!link.name.empty() && link.name.size() <= max_name, "cannot list group ",
                    absolute(group));
    Tensor tensor = state_->read_tensor(link);
    const std::size_t bytes = std::size_t(tensor.numel()) * size_of(tensor.dtype());
    state_->require(bytes <= room, absolute(group), " is larger than the file");
    room -= bytes;
    result.push_back({link.name, std::move(tensor)});
  }
  return result;
}

std::vector<Hdf5Reader::NamedBytes> Hdf5Reader::bytes(const std::string& group) const {
  const std::optional<std::uint64_t> place = state_->find(group);
  state_->require(place.has_value(), "there is no group ", absolute(group));
  std::vector<NamedBytes> result;
  for (const hdf5::Link& link : state_->image.links(*place)) {
    const State::Stored stored = state_->find_stored(link);
    state_->require(stored.dtype == DType::u8, link.name, " has an unexpected element type");
    result.push_back({link.name, stored.values});
  }
  return result;
}

}  // namespace voxgrad
