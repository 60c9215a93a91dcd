// Event files for TensorBoard, read back record by record.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <ctime>
#include <map>

#include "io/crc32c.h"
#include "io/file.h"
#include "pix2vox/report/tensorboard/event_file.h"
#include "pix2vox/report/tensorboard/run_events.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

/// A message of protocol buffers: by field, its numbers and its texts in order.
struct Fields {
  std::map<int, std::vector<std::uint64_t>> numbers;
  std::map<int, std::vector<std::string>> texts;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool done() const { return at_ == bytes_.size(); }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = std::uint8_t(take(1)[0]);
      value |= std::uint64_t(byte & 127) << shift;
      if (byte < 128) return value;
    }
  }
  template <class Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view take(std::size_t count) {
    REQUIRE(bytes_.size() - at_ >= count);
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

Fields fields_of(std::string_view message) {
  Fields fields;
  for (Reader reader(message); !reader.done();) {
    const std::uint64_t key = reader.varint();
    const int field = int(key >> 3);
    switch (key & 7) {
      case 0:
        fields.numbers[field].push_back(reader.varint());
        break;
      case 1:
        fields.numbers[field].push_back(reader.number<std::uint64_t>());
        break;
      case 5:
        fields.numbers[field].push_back(reader.number<std::uint32_t>());
        break;
      default:
        REQUIRE((key & 7) == 2);
        fields.texts[field].emplace_back(reader.take(reader.varint()));
    }
  }
  return fields;
}

std::uint32_t masked_crc(std::string_view bytes) {
  const std::uint32_t crc =
      crc32c({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  return std::rotr(crc, 15) + 0xa282ead8u;
}

/// The events of the only file in a folder.
std::vector<Fields> events_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  REQUIRE(files.size() == 1);
  CHECK(files[0].filename().string().starts_with("events.out.tfevents."));
  const std::vector<std::uint8_t> bytes = read_file(files[0], 1 << 24);
  std::vector<Fields> events;
  for (Reader reader({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
       !reader.done();) {
    const std::string_view length = reader.take(8);
    CHECK(reader.number<std::uint32_t>() == masked_crc(length));
    const std::string_view data = reader.take(Reader(length).number<std::uint64_t>());
    CHECK(reader.number<std::uint32_t>() == masked_crc(data));
    events.push_back(fields_of(data));
    CHECK(std::abs(std::bit_cast<double>(events.back().numbers.at(1).at(0)) -
                   double(std::time(nullptr))) < 600);
  }
  REQUIRE_FALSE(events.empty());
  CHECK(events[0].texts.at(3).at(0) == "brain.Event:2");
  return events;
}

/// The value that an event of one holds.
Fields value_of(const Fields& event) {
  return fields_of(fields_of(event.texts.at(5).at(0)).texts.at(1).at(0));
}

std::map<std::string, float> scalars_of(const std::vector<Fields>& events, std::uint64_t step) {
  std::map<std::string, float> scalars;
  for (std::size_t i = 1; i < events.size(); ++i) {
    const Fields value = value_of(events[i]);
    if (events[i].numbers.at(2).at(0) == step && value.numbers.contains(2))
      scalars[value.texts.at(1).at(0)] =
          std::bit_cast<float>(std::uint32_t(value.numbers.at(2).at(0)));
  }
  return scalars;
}

}  // namespace

TEST_CASE("an event file has a header, checksums, and each value under its tag") {
  const TemporaryFolder folder;
  {
    tensorboard::EventFile file(folder / "t");
    file.scalar("loss", 7, 0.625);
    file.text("notes", 300, "*hello*");
    Image image(5, 3, 3);
    file.picture("sheet", 2, image);
    Mesh triangle;
    triangle.vertices = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0.5}};
    triangle.triangles = {{0, 2, 1}};
    file.mesh("object", 1, triangle);
    file.mesh("nothing", 1, {});
    file.close();
    CHECK_THROWS_AS(file.scalar("late", 1, 1), Error);
    file.close();
  }
  const std::vector<Fields> events = events_in(folder / "t");
  REQUIRE(events.size() == 6);
  CHECK(scalars_of(events, 7) == std::map<std::string, float>{{"loss", 0.625f}});

  CHECK(events[2].numbers.at(2).at(0) == 300);
  const Fields text = value_of(events[2]), text_tensor = fields_of(text.texts.at(8).at(0));
  CHECK(text.texts.at(1).at(0) == "notes");
  CHECK(fields_of(fields_of(text.texts.at(9).at(0)).texts.at(1).at(0)).texts.at(1).at(0) == "text");
  CHECK(text_tensor.numbers.at(1).at(0) == 7);  // strings
  CHECK(text_tensor.texts.at(8).at(0) == "*hello*");

  const Fields picture = fields_of(value_of(events[3]).texts.at(4).at(0));
  CHECK(picture.numbers.at(1).at(0) == 3);
  CHECK(picture.numbers.at(2).at(0) == 5);
  CHECK(picture.numbers.at(3).at(0) == 3);
  CHECK(picture.texts.at(4).at(0).starts_with("\x89PNG"));

  const Fields corners = value_of(events[4]), faces = value_of(events[5]);
  CHECK(corners.texts.at(1).at(0) == "object_VERTEX");
  CHECK(faces.texts.at(1).at(0) == "object_FACE");
  const Fields corner_tensor = fields_of(corners.texts.at(8).at(0)),
               face_tensor = fields_of(faces.texts.at(8).at(0));
  CHECK(corner_tensor.numbers.at(1).at(0) == 1);  // f32
  CHECK(face_tensor.numbers.at(1).at(0) == 3);    // i32
  Reader places(corner_tensor.texts.at(4).at(0)), indices(face_tensor.texts.at(4).at(0));
  for (const float x : {0.0f, 0.0f, 0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.5f})
    CHECK(places.number<float>() == x);
  for (const int i : {0, 2, 1}) CHECK(indices.number<std::int32_t>() == i);
  CHECK(places.done());
  CHECK(indices.done());
  // Batch, rows and coordinates.
  std::vector<std::uint64_t> extents;
  const Fields shape = fields_of(corner_tensor.texts.at(2).at(0));
  for (const std::string& extent : shape.texts.at(2))
    extents.push_back(fields_of(extent).numbers.at(1).at(0));
  CHECK(extents == std::vector<std::uint64_t>{1, 3, 3});
}

TEST_CASE("a run's events are the numbers of its epochs") {
  const TemporaryFolder folder;
  const RunFolder run{folder / "run"};
  IouTable validation({0.25, 0.5});
  validation.add({"1", "chair", "a"}, {0.5, 0.25});
  validation.add({"2", "lamp", "b"}, {0.125, 0.375});
  EpochReport report;
  report.epoch = 2;
  report.epochs = 3;
  report.loss_merged = 0.5;
  report.loss_refined = 0.75;
  report.validation_loss_merged = 1.5;
  report.validation_loss_refined = 1.75;
  report.learning_rates = {{"encoder", 0.125}, {"decoder", 0.25}};
  report.samples_per_second = 32;
  report.data_wait_share = 0.0625;
  {
    tensorboard::RunEvents events(run, Config{});
    events.epoch(report);
    report.epoch = 3;
    report.refined = true;
    report.validation = validation;
    events.epoch(report);
    events.close();
  }
  const std::vector<Fields> events = events_in(run.root / "tensorboard");
  CHECK(value_of(events.at(1)).texts.at(1).at(0) == "configuration");
  CHECK(fields_of(value_of(events.at(1)).texts.at(8).at(0))
            .texts.at(8)
            .at(0)
            .find("| train.epochs | ") != std::string::npos);
  CHECK(scalars_of(events, 2) == std::map<std::string, float>{{"loss/training_merged", 0.5f},
                                                              {"learning_rate/encoder", 0.125f},
                                                              {"learning_rate/decoder", 0.25f},
                                                              {"speed/samples_per_second", 32},
                                                              {"speed/data_wait_share", 0.0625f}});
  const std::map<std::string, float> last = scalars_of(events, 3);
  CHECK(last.at("loss/training_refined") == 0.75f);
  CHECK(last.at("loss/validation_merged") == 1.5f);
  CHECK(last.at("loss/validation_refined") == 1.75f);
  CHECK(last.at("iou/at_0.25") == 0.3125f);
  CHECK(last.at("iou/at_0.5") == 0.3125f);
  CHECK(last.at("iou/mean") == 0.3125f);
  CHECK(last.at("iou_by_category/chair") == 0.5f);
  CHECK(last.at("iou_by_category/lamp") == 0.375f);
  CHECK(last.size() == 13);
}
