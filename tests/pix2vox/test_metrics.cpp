#include <doctest/doctest.h>

#include <ctime>

#include "pix2vox/training/metrics.h"
#include "tests/pix2vox/small_run.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

void write_lines(const std::filesystem::path& file, const std::vector<std::string>& lines) {
  std::ofstream out(file);
  for (const std::string& line : lines) out << line << '\n';
}

}  // namespace

TEST_CASE("rows of metrics go by epoch and by the names of their columns") {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder / "metrics.csv";
  put_metrics(file, {{"epoch", "1"}, {"loss", "5"}, {"iou_at_0.3", "0.1"}});
  put_metrics(file, {{"epoch", "2"}, {"loss", "4"}, {"iou_at_0.3", "0.2"}});
  // Other columns from here on: the old ones stay, after the new ones.
  put_metrics(file, {{"epoch", "3"}, {"iou_at_0.5", "0.3"}, {"loss", "3"}});
  CHECK(lines_of(file) == std::vector<std::string>{"epoch,iou_at_0.5,loss,iou_at_0.3", "1,,5,0.1",
                                                   "2,,4,0.2", "3,0.3,3,"});
  // An epoch done again replaces its row; the later ones stay until they are.
  put_metrics(file, {{"epoch", "2"}, {"loss", "9"}});
  CHECK(lines_of(file) == std::vector<std::string>{"epoch,loss,iou_at_0.5,iou_at_0.3", "1,5,,0.1",
                                                   "2,9,,", "3,3,0.3,"});
  put_metrics(file, {{"epoch", "10"}, {"loss", "1"}});
  CHECK(lines_of(file).back() == "10,1,,");
  CHECK_THROWS_AS(put_metrics(file, {{"loss", "1"}}), Error);
  CHECK_THROWS_AS(put_metrics(file, {{"epoch", "x"}}), Error);
  CHECK(lines_of(file).size() == 5);
}

TEST_CASE("no line of a metrics file is ever lost") {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder / "metrics.csv";
  write_lines(file, {"epoch,loss", "1,5,6,7", "a note", "2,4", "2,3", "0,1", "3x,1"});
  put_metrics(file, {{"epoch", "3"}, {"loss", "2"}});
  CHECK(lines_of(file) == std::vector<std::string>{"epoch,loss", "1,5,6,7", "a note", "2,3", "0,1",
                                                   "3x,1", "2,4", "3,2"});
  write_lines(file, {"something else", "1,2"});
  put_metrics(file, {{"epoch", "1"}, {"loss", "2"}});
  CHECK(lines_of(file) == std::vector<std::string>{"epoch,loss", "something else", "1,2", "1,2"});
  write_lines(file, {});
  put_metrics(file, {{"epoch", "1"}});
  CHECK(lines_of(file) == std::vector<std::string>{"epoch", "1"});
}

TEST_CASE("the time of day is written with its offset") {
  const std::string text = time_of_day();
  REQUIRE(text.size() == 24);  // 2026-11-30T22:05:09+0100
  CHECK(text[10] == 'T');
  CHECK((text[19] == '+' || text[19] == '-'));
  CHECK(std::stoi(text.substr(0, 4)) >= 2026);
}
