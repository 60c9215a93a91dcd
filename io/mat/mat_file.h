// MATLAB's .mat files of version 5 (MATLAB 5 to today's -v7; "MAT-File Format", The MathWorks):
// numbers, logicals, text, cells and structs, nested, packed by zlib or not. That is what Pix3D's
// voxels and PASCAL3D+'s annotations are written in.
//
// The file is a header of 128 bytes and elements: a tag (type, size in bytes) and data, padded to
// multiples of 8. Every size is checked against the bytes that are there before memory is taken.
// Error, with the file's name and the offset, for anything that is not as the format says, and for
// files of version 4, of version 7.3 (HDF5), of big-endian machines, and over 256 MiB unpacked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace voxgrad {

/// An array of any rank, column-major: the first index runs fastest.
struct MatArray {
  enum class Kind { numbers, text, cells, structs, other };  // other: sparse, objects, functions
  /// How numbers are stored, which may take less than their class in MATLAB.
  enum class Stored { i8, u8, i16, u16, i32, u32, f32, f64, i64, u64 };

  Kind kind = Kind::numbers;
  std::string name;                   // of a variable; empty inside cells and structs
  std::vector<std::int64_t> extents;  // at least 2
  Stored stored = Stored::f64;
  std::vector<std::uint8_t> bytes;  // of numbers and text, little-endian
  std::vector<std::string> fields;  // of structs
  std::vector<MatArray> items;      // cells; of structs, all fields of one element after another

  /// The product of the extents.
  std::int64_t count() const;
  /// Element i in storage order. Error if there is none, or if it is no number.
  double number(std::int64_t i = 0) const;
  /// All numbers.
  std::vector<double> numbers() const;
  /// The characters, those beyond Latin-1 as '?'. Error if it is no text.
  std::string text() const;
  /// A field of a struct's element; null if there is none of that name, or this is no struct.
  const MatArray* field(std::string_view field, std::int64_t element = 0) const;
};

/// The variables of a file, in order.
std::vector<MatArray> read_mat(const std::filesystem::path& file);
/// The same from memory; `name` stands in the messages.
std::vector<MatArray> decode_mat(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace voxgrad
