#include "io/mat/mat_file.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "io/file.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are read as they are stored");

using Bytes = std::span<const std::uint8_t>;
using Kind = MatArray::Kind;
using Stored = MatArray::Stored;

constexpr std::size_t max_bytes = std::size_t{256} << 20;  // of a file, and unpacked
constexpr std::size_t header_bytes = 128;
constexpr int max_depth = 16;
constexpr std::int64_t max_arrays = 200'000;  // of all structs and cells together
constexpr std::size_t max_rank = 16;
constexpr std::size_t max_packing = 1032;  // what deflate can reach

enum Type : std::uint32_t {
  mi_int8 = 1,
  mi_uint8 = 2,
  mi_int32 = 5,
  mi_uint32 = 6,
  mi_matrix = 14,
  mi_compressed = 15,
  mi_utf8 = 16,
  mi_utf16 = 17,
  mi_utf32 = 18
};

enum Class : std::uint32_t {
  mx_cell = 1,
  mx_struct = 2,
  mx_char = 4,
  mx_double = 6,
  mx_uint64 = 15
};

struct Element {
  std::uint32_t type = 0;
  Bytes data;
};

/// Elements one after the other.
class Cursor {
 public:
  Cursor(Bytes bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  bool done() const { return at_ == bytes_.size(); }
  std::size_t left() const { return bytes_.size() - at_; }
  const std::string& name() const { return name_; }

  /// `padded`: data end at multiples of 8, except at the end of the bytes.
  Element next(bool padded = true) {
    Element element;
    const std::uint32_t word = number();
    std::size_t size = word >> 16;
    if (size != 0) {  // a small element: type, size and data in 8 bytes
      element.type = word & 0xffff;
      check(size <= 4, name_, ": offset ", at_ - 4, ": a small element of ", size, " bytes");
      element.data = take(4).first(size);
      return element;
    }
    element.type = word;
    size = number();
    check(size <= left(), name_, ": offset ", at_ - 8, ": an element of ", size,
          " bytes, of which ", left(), " are there: cut short or damaged");
    element.data = take(size);
    if (padded && size % 8 != 0) take(std::min(8 - size % 8, left()));
    return element;
  }

 private:
  Bytes take(std::size_t count) {
    check(count <= left(), name_, ": offset ", at_, ": cut short");
    const Bytes taken = bytes_.subspan(at_, count);
    at_ += count;
    return taken;
  }
  std::uint32_t number() {
    std::uint32_t value = 0;
    std::memcpy(&value, take(4).data(), 4);
    return value;
  }

  Bytes bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
};

std::size_t size_of(Stored stored) {
  switch (stored) {
    case Stored::i8:
    case Stored::u8:
      return 1;
    case Stored::i16:
    case Stored::u16:
      return 2;
    case Stored::i32:
    case Stored::u32:
    case Stored::f32:
      return 4;
    default:
      return 8;
  }
}

Stored stored_as(std::uint32_t type, const std::string& name) {
  switch (type) {
    case 1:
      return Stored::i8;
    case 2:
    case mi_utf8:
      return Stored::u8;
    case 3:
      return Stored::i16;
    case 4:
    case mi_utf16:
      return Stored::u16;
    case 5:
      return Stored::i32;
    case 6:
    case mi_utf32:
      return Stored::u32;
    case 7:
      return Stored::f32;
    case 9:
      return Stored::f64;
    case 12:
      return Stored::i64;
    case 13:
      return Stored::u64;
    default:
      fail(name, ": data of type ", type, " where numbers are expected");
  }
}

/// The element inside a packed one.
std::vector<std::uint8_t> unpack(Bytes packed, const std::string& name) {
  z_stream stream{};
  check(inflateInit(&stream) == Z_OK, name, ": zlib cannot start");
  const struct End {
    z_stream* stream;
    ~End() { inflateEnd(stream); }
  } end{&stream};
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = uInt(packed.size());
  /// How many bytes came; fewer than asked for if the stream ended well before.
  const auto inflate_into = [&](std::uint8_t* target, std::size_t count) {
    stream.next_out = target;
    stream.avail_out = uInt(count);
    const int status = inflate(&stream, Z_SYNC_FLUSH);
    check(status == Z_STREAM_END || (status == Z_OK && stream.avail_out == 0), name,
          ": a packed element is damaged or cut short");
    return count - stream.avail_out;
  };
  // Its tag says how much comes.
  std::vector<std::uint8_t> result(8);
  check(inflate_into(result.data(), 8) == 8, name, ": a packed element is cut short");
  std::uint32_t type = 0, size = 0;
  std::memcpy(&type, result.data(), 4);
  std::memcpy(&size, result.data() + 4, 4);
  check(type == mi_matrix, name, ": a packed element holds type ", type, ", no array");
  check(size <= max_bytes && size <= packed.size() * max_packing, name,
        ": a packed element claims to hold ", size, " bytes in ", packed.size());
  result.resize(8 + std::size_t(size));
  // libmatio says some bytes too many for structs. The end of the stream carries a checksum.
  const std::size_t came = size > 0 ? inflate_into(result.data() + 8, size) : 0;
  if (came == size) {
    std::uint8_t more = 0;
    stream.next_out = &more;
    stream.avail_out = 1;
    const int status = inflate(&stream, Z_FINISH);
    check(
        status == Z_STREAM_END && stream.avail_out == 1, name,
        ": a packed element is damaged (its checksum does not fit, or it continues past its end)");
  }
  result.resize(8 + came);
  return result;
}

/// Reads one array and those inside.
class ArrayReader {
 public:
  explicit ArrayReader(const std::string& name) : name_(name) {}

  MatArray read(Bytes data, int depth) {
    check(depth <= max_depth, name_, ": arrays nested deeper than ", max_depth, " levels");
    check(++arrays_ <= max_arrays, name_, ": more than ", max_arrays, " arrays");
    MatArray array;
    if (data.empty()) {  // what a struct's unset field is
      array.extents = {0, 0};
      return array;
    }
    Cursor cursor(data, name_);
    const Element flags = cursor.next();
    check(flags.type == mi_uint32 && flags.data.size() == 8, name_, ": an array without flags");
    const std::uint32_t mx_class = flags.data[0];
    const bool complex = (flags.data[1] & 0x08) != 0;
    if (mx_class == mx_cell || mx_class == mx_struct)
      array.kind = mx_class == mx_cell ? Kind::cells : Kind::structs;
    else if (mx_class == mx_char)
      array.kind = Kind::text;
    else if (mx_class < mx_double || mx_class > mx_uint64 || complex)
      array.kind = Kind::other;
    if (array.kind == Kind::other && mx_class > mx_uint64) return array;  // has no extents
    read_extents(cursor.next(), array);
    array.name = text_of(cursor.next());
    if (array.kind == Kind::other) return array;
    if (array.kind == Kind::structs) read_field_names(cursor, array);
    if (array.kind == Kind::structs || array.kind == Kind::cells)
      read_items(cursor, depth, array);
    else
      read_numbers(cursor, array);
    return array;
  }

 private:
  static std::string text_of(const Element& element) {
    return {element.data.begin(), element.data.end()};
  }

  void read_extents(const Element& element, MatArray& array) const {
    const std::size_t rank = element.data.size() / 4;
    check(element.type == mi_int32 && element.data.size() % 4 == 0 && rank >= 2 && rank <= max_rank,
          name_, ": an array of ", rank, " dimensions; 2 to ", max_rank, " are read");
    std::int64_t count = 1;
    for (std::size_t i = 0; i < rank; ++i) {
      std::int32_t extent = 0;
      std::memcpy(&extent, element.data.data() + 4 * i, 4);
      check(extent >= 0, name_, ": an array with ", extent, " elements along one dimension");
      array.extents.push_back(extent);
      count *= extent;  // both are below 2^31
      check(count <= std::int64_t(max_bytes), name_, ": an array of more than ", max_bytes,
            " elements");
    }
  }

  void read_field_names(Cursor& cursor, MatArray& array) const {
    const Element length = cursor.next();
    std::int32_t width = 0;
    check(length.type == mi_int32 && length.data.size() == 4, name_,
          ": a struct without the length of its field names");
    std::memcpy(&width, length.data.data(), 4);
    const Element names = cursor.next();
    check(width > 0 && width <= 4096 && names.type == mi_int8 &&
              names.data.size() % std::size_t(width) == 0,
          name_, ": the field names of a struct are damaged");
    for (std::size_t at = 0; at < names.data.size(); at += std::size_t(width)) {
      const Bytes field = names.data.subspan(at, std::size_t(width));
      array.fields.emplace_back(field.begin(), std::ranges::find(field, 0));
    }
  }

  void read_items(Cursor& cursor, int depth, MatArray& array) {
    const std::int64_t each =
        array.kind == Kind::structs ? std::int64_t(array.fields.size()) : std::int64_t{1};
    const std::int64_t elements = array.count();
    // An item takes at least its tag of 8 bytes.
    const auto most = std::int64_t(cursor.left() / 8);
    check(each == 0 || elements <= most / each, name_, ": ", elements, " elements of ", each,
          " arrays each in ", cursor.left(), " bytes");
    for (std::int64_t i = 0; i < elements * each; ++i) {
      const Element item = cursor.next();
      check(item.type == mi_matrix, name_, ": type ", item.type, " where an array is expected");
      array.items.push_back(read(item.data, depth + 1));
    }
  }

  void read_numbers(Cursor& cursor, MatArray& array) const {
    const std::int64_t count = array.count();
    if (count == 0 && cursor.done()) return;
    const Element data = cursor.next();
    array.stored = stored_as(data.type, name_);
    const std::size_t size = size_of(array.stored);
    if (array.kind == Kind::text && data.type == mi_utf8) {
      // A byte for each, or more for characters beyond ASCII: the extents count characters.
      check(std::int64_t(data.data.size()) >= count, name_, ": text of ", count, " characters in ",
            data.data.size(), " bytes");
      array.extents = {1, std::int64_t(data.data.size())};
    } else {
      check(std::int64_t(data.data.size()) == count * std::int64_t(size), name_, ": ", count,
            " elements of ", size, " bytes in ", data.data.size(), " bytes");
    }
    array.bytes.assign(data.data.begin(), data.data.end());
  }

  const std::string& name_;
  std::int64_t arrays_ = 0;
};

template <class T>
double value_at(const std::vector<std::uint8_t>& bytes, std::size_t i) {
  T value{};
  std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
  return double(value);
}

void check_header(Bytes bytes, const std::string& name) {
  const auto begins = [&](std::size_t offset, std::string_view text) {
    return bytes.size() >= offset + text.size() &&
           std::memcmp(bytes.data() + offset, text.data(), text.size()) == 0;
  };
  check(!begins(0, "\x89HDF\r\n") && !begins(512, "\x89HDF\r\n") && !begins(0, "MATLAB 7.3"), name,
        ": a MATLAB file of version 7.3, which is HDF5. Save it in MATLAB with -v7");
  check(bytes.size() >= header_bytes, name, ": ", bytes.size(),
        " bytes are no MATLAB file of version 5");
  check(!begins(126, "MI"), name,
        ": a MATLAB file of a big-endian machine. Load and save it again in MATLAB");
  check(begins(126, "IM") && bytes[125] == 1, name,
        ": no MATLAB file of version 5 (MATLAB 5 and later, -v6 or -v7)");
}

}  // namespace

std::int64_t MatArray::count() const {
  std::int64_t product = 1;
  for (const std::int64_t extent : extents) product *= extent;
  return extents.empty() ? 0 : product;
}

double MatArray::number(std::int64_t i) const {
  check(kind == Kind::numbers || kind == Kind::text, "[mat] \"", name, "\" holds no numbers");
  check(i >= 0 && i < count() && (std::size_t(i) + 1) * size_of(stored) <= bytes.size(),
        "[mat] element ", i, " of ", count());
  const auto at = std::size_t(i);
  switch (stored) {
    case Stored::i8:
      return value_at<std::int8_t>(bytes, at);
    case Stored::u8:
      return bytes[at];
    case Stored::i16:
      return value_at<std::int16_t>(bytes, at);
    case Stored::u16:
      return value_at<std::uint16_t>(bytes, at);
    case Stored::i32:
      return value_at<std::int32_t>(bytes, at);
    case Stored::u32:
      return value_at<std::uint32_t>(bytes, at);
    case Stored::f32:
      return value_at<float>(bytes, at);
    case Stored::f64:
      return value_at<double>(bytes, at);
    case Stored::i64:
      return value_at<std::int64_t>(bytes, at);
    case Stored::u64:
      return value_at<std::uint64_t>(bytes, at);
  }
  return 0;
}

std::vector<double> MatArray::numbers() const {
  std::vector<double> result;
  const std::int64_t n = count();
  result.reserve(std::size_t(n));
  for (std::int64_t i = 0; i < n; ++i) result.push_back(number(i));
  return result;
}

std::string MatArray::text() const {
  check(kind == Kind::text, "[mat] \"", name, "\" is no text");
  if (stored == Stored::u8) return {bytes.begin(), bytes.end()};
  std::string result;
  for (const double code : numbers()) result += code >= 1 && code < 256 ? char(int(code)) : '?';
  return result;
}

const MatArray* MatArray::field(std::string_view field, std::int64_t element) const {
  if (kind != Kind::structs || element < 0 || element >= count()) return nullptr;
  const auto found = std::ranges::find(fields, field);
  if (found == fields.end()) return nullptr;
  const std::size_t place =
      std::size_t(element) * fields.size() + std::size_t(found - fields.begin());
  return place < items.size() ? &items[place] : nullptr;
}

std::vector<MatArray> decode_mat(Bytes bytes, const std::string& name) {
  check(bytes.size() <= max_bytes, name, ": ", bytes.size(), " bytes; at most ", max_bytes,
        " are read");
  check_header(bytes, name);
  std::vector<MatArray> variables;
  Cursor cursor(bytes.subspan(header_bytes), name);
  ArrayReader reader(name);
  std::size_t unpacked = 0;
  while (!cursor.done()) {
    const Element element = cursor.next(false);
    if (element.type == mi_compressed) {
      const std::vector<std::uint8_t> plain = unpack(element.data, name);
      unpacked += plain.size();
      check(unpacked <= max_bytes, name, ": more than ", max_bytes, " bytes unpacked");
      variables.push_back(reader.read(Bytes(plain).subspan(8), 0));
    } else {
      check(element.type == mi_matrix, name, ": an element of type ", element.type,
            " where an array is expected");
      variables.push_back(reader.read(element.data, 0));
    }
  }
  return variables;
}

std::vector<MatArray> read_mat(const std::filesystem::path& file) {
  return decode_mat(read_file(file, max_bytes), file.string());
}

}  // namespace voxgrad
