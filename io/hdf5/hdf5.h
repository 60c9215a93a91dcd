// The few features of HDF5 that checkpoints and packed data sets use: a root group and groups below
// it, scalar attributes, and contiguous little-endian datasets without filters. The writer is the
// HDF5 library. The reader is our own (format.h), because the library may crash on an image
// made on purpose: it refuses all else and checks every address, name, rank and size against the
// image before memory is taken. Errors begin with the image's name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/named_tensor.h"

namespace voxgrad {

/// Builds an image. Groups are named by path, "" being the root; the same calls give the same
/// bytes.
class Hdf5Writer {
 public:
  explicit Hdf5Writer(std::string name);
  /// Writes to a new file instead, so that contents may be larger than the memory. End it with
  /// close(); a file that was not closed is of no use.
  struct OnDisk {};
  Hdf5Writer(const std::filesystem::path& file, OnDisk);
  ~Hdf5Writer();
  void group(const std::string& path);
  void attribute(const std::string& group, const std::string& key, std::int64_t value);
  void attribute(const std::string& group, const std::string& key, std::uint64_t value);
  void attribute(const std::string& group, const std::string& key, double value);
  void attribute(const std::string& group, const std::string& key, const std::string& value);
  void tensor(const std::string& group, const std::string& key, const Tensor& tensor);
  std::vector<std::uint8_t> finish();
  /// Of a file on disk: all is on the disk afterwards.
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Hdf5Reader {
 public:
  /// The image must outlive the reader.
  Hdf5Reader(std::string name, std::span<const std::uint8_t> image);
  ~Hdf5Reader();
  bool has_group(const std::string& path) const;
  std::int64_t int_attribute(const std::string& group, const std::string& key) const;
  std::uint64_t uint_attribute(const std::string& group, const std::string& key) const;
  double double_attribute(const std::string& group, const std::string& key) const;
  std::string text_attribute(const std::string& group, const std::string& key) const;
  /// All datasets of a group that holds nothing else, in the order in which they were written.
  std::vector<NamedTensor> tensors(const std::string& group) const;
  /// The same without copying, for groups of u8 datasets: where in the image their elements are.
  struct NamedBytes {
    std::string name;
    std::span<const std::uint8_t> bytes;
  };
  std::vector<NamedBytes> bytes(const std::string& group) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace voxgrad
