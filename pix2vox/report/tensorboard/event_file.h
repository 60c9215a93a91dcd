// Event files that TensorBoard reads: TFRecords of Event messages, without its libraries.
//
//   TFRecord   length u64, masked CRC of it u32, data, masked CRC of them u32, little-endian;
//              masked CRC = rotate_right(crc32c, 15) + 0xa282ead8
//
// Source of the formats: tensorflow/core/lib/io/record_writer.cc, tensorflow/core/util/event.proto,
// tensorflow/core/framework/summary.proto, tensorboard/plugins/mesh/plugin_data.proto.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "pix2vox/report/tensorboard/protobuf.h"
#include "voxels/image/image.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad::tensorboard {

class EventFile {
 public:
  /// Begins a new file in the folder, which is made if it is not there. Error if it cannot be
  /// written, here and below.
  explicit EventFile(const std::filesystem::path& folder);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void scalar(const std::string& tag, std::int64_t step, double value);
  /// Markdown.
  void text(const std::string& tag, std::int64_t step, const std::string& text);
  void picture(const std::string& tag, std::int64_t step, const Image& image);
  /// For the plugin "mesh"; nothing for a mesh without triangles.
  void mesh(const std::string& tag, std::int64_t step, const Mesh& mesh);
  /// Some file systems tell only here that something was not written. The last call.
  void close();

 private:
  void write_value(std::int64_t step, const ProtoMessage& value);
  void write_record(std::string_view data);

  std::filesystem::path path_;
  int fd_;
};

}  // namespace voxgrad::tensorboard
