#include "pix2vox/report/tensorboard/event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "io/crc32c.h"
#include "tensor/error.h"
#include "voxels/image/codecs.h"

namespace voxgrad::tensorboard {
namespace {

// Fields of the messages, by their names in the .proto files.
namespace event {
constexpr int wall_time = 1, step = 2, file_version = 3, summary = 5;
}
namespace value {
constexpr int tag = 1, simple_value = 2, image = 4, tensor = 8, metadata = 9;
}
enum DataType { dt_float = 1, dt_int32 = 3, dt_string = 7 };
enum MeshContent { vertices = 1, faces = 2 };

double wall_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

std::uint32_t masked_crc(std::span<const std::uint8_t> bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

template <class Number>
void append(std::string& text, Number number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);  // little-endian machines
}

ProtoMessage shape(std::initializer_list<std::uint64_t> extents) {
  ProtoMessage result;
  for (const std::uint64_t extent : extents) result.message(2, ProtoMessage().integer(1, extent));
  return result;
}

ProtoMessage metadata_of(const std::string& plugin, std::string_view content = {}) {
  return ProtoMessage().message(1, ProtoMessage().bytes(1, plugin).bytes(2, content));
}

/// One of the tensors of a mesh, [1,count,3].
ProtoMessage mesh_part(const std::string& tag, MeshContent content, DataType type,
                       std::uint64_t count, const std::string& data) {
  const bool is_vertices = content == vertices;
  const ProtoMessage plugin_data = ProtoMessage()
                                       .bytes(2, tag)
                                       .integer(3, content)
                                       .bytes(5, "{}")
                                       .integer(6, 1)
                                       .integer(6, count)
                                       .integer(6, 3)
                                       .integer(7, 1u << vertices | 1u << faces);
  return ProtoMessage()
      .bytes(value::tag, tag + (is_vertices ? "_VERTEX" : "_FACE"))
      .message(value::metadata, metadata_of("mesh", plugin_data.text()))
      .message(value::tensor,
               ProtoMessage().integer(1, type).message(2, shape({1, count, 3})).bytes(4, data));
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& folder) : fd_(-1) {
  std::error_code error;
  create_directories(folder, error);
  check(!error, folder.string(), ": cannot make the folder: ", error.message());
  std::array<char, 256> host{"localhost"};
  ::gethostname(host.data(), host.size() - 1);
  const std::string stem = concat("events.out.tfevents.", std::int64_t(wall_time()), ".",
                                  host.data(), ".", ::getpid(), ".");
  for (int number = 0; fd_ < 0 && number < 1000; ++number) {
    path_ = folder / concat(stem, number);
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (fd_ < 0 && errno != EEXIST) break;
  }
  check(fd_ >= 0, path_.string(), ": cannot be written: ", std::strerror(errno));
  write_record(ProtoMessage()
                   .real64(event::wall_time, wall_time())
                   .bytes(event::file_version, "brain.Event:2")
                   .text());
}

EventFile::~EventFile() {
  if (fd_ >= 0) ::close(fd_);
}

void EventFile::close() {
  if (fd_ < 0) return;
  check(::close(std::exchange(fd_, -1)) == 0, path_.string(),
        ": cannot be written: ", std::strerror(errno));
}

void EventFile::scalar(const std::string& tag, std::int64_t step, double number) {
  write_value(step,
              ProtoMessage().bytes(value::tag, tag).real32(value::simple_value, float(number)));
}

void EventFile::text(const std::string& tag, std::int64_t step, const std::string& text) {
  write_value(
      step,
      ProtoMessage()
          .bytes(value::tag, tag)
          .message(value::metadata, metadata_of("text"))
          .message(value::tensor,
                   ProtoMessage().integer(1, dt_string).message(2, shape({1})).bytes(8, text)));
}

void EventFile::picture(const std::string& tag, std::int64_t step, const Image& image) {
  const std::vector<std::uint8_t> png = encode_png(image);
  write_value(step,
              ProtoMessage()
                  .bytes(value::tag, tag)
                  .message(value::image,
                           ProtoMessage()
                               .integer(1, std::uint64_t(image.height))
                               .integer(2, std::uint64_t(image.width))
                               .integer(3, std::uint64_t(image.channels))
                               .bytes(4, {reinterpret_cast<const char*>(png.data()), png.size()})));
}

void EventFile::mesh(const std::string& tag, std::int64_t step, const Mesh& mesh) {
  if (mesh.triangles.empty()) return;
  std::string corners, indices;
  for (const Vec3& vertex : mesh.vertices)
    for (const double x : vertex) append(corners, float(x));
  for (const auto& triangle : mesh.triangles)
    for (const std::uint32_t corner : triangle) append(indices, std::int32_t(corner));
  write_value(step, mesh_part(tag, vertices, dt_float, mesh.vertices.size(), corners));
  write_value(step, mesh_part(tag, faces, dt_int32, mesh.triangles.size(), indices));
}

void EventFile::write_value(std::int64_t step, const ProtoMessage& summary_value) {
  write_record(ProtoMessage()
                   .real64(event::wall_time, wall_time())
                   .integer(event::step, std::uint64_t(step))
                   .message(event::summary, ProtoMessage().message(1, summary_value))
                   .text());
}

void EventFile::write_record(std::string_view data) {
  std::string record;
  append(record, std::uint64_t(data.size()));
  append(record, masked_crc(bytes_of(record)));
  record += data;
  append(record, masked_crc(bytes_of(data)));
  for (std::size_t done = 0; done < record.size();) {
    const ssize_t count = ::write(fd_, record.data() + done, record.size() - done);
    if (count < 0 && errno == EINTR) continue;
    check(count > 0, path_.string(), ": cannot be written: ", std::strerror(errno));
    done += std::size_t(count);
  }
}

}  // namespace voxgrad::tensorboard
