// Base64 and CRC-32C against published vectors, and the nearest of several names.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "io/base64.h"
#include "io/closest_match.h"
#include "io/crc32c.h"

using namespace voxgrad;

namespace {

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST_CASE("base64 gives the examples of RFC 4648") {
  const std::array<std::pair<std::string, std::string>, 7> examples{{{"", ""},
                                                                     {"f", "Zg=="},
                                                                     {"fo", "Zm8="},
                                                                     {"foo", "Zm9v"},
                                                                     {"foob", "Zm9vYg=="},
                                                                     {"fooba", "Zm9vYmE="},
                                                                     {"foobar", "Zm9vYmFy"}}};
  for (const auto& [text, encoded] : examples) CHECK(base64(bytes_of(text)) == encoded);
  CHECK(base64(bytes_of("\xff\xfe\xfb")) == "//77");
}

TEST_CASE("crc32c gives the examples of RFC 3720") {
  CHECK(crc32c(bytes_of("123456789")) == 0xe3069283u);
  CHECK(crc32c(bytes_of(std::string(32, '\0'))) == 0x8a9136aau);
  CHECK(crc32c(bytes_of(std::string(32, '\xff'))) == 0x62a8ab43u);
  CHECK(crc32c({}) == 0);
}

TEST_CASE("the edit distance counts letters inserted, dropped and replaced") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("sitting", "kitten") == 3);
  CHECK(edit_distance("flaw", "lawn") == 2);
  CHECK(edit_distance("epoch", "epochs") == 1);
}

TEST_CASE("the closest of several names is kept, the first of those as near") {
  ClosestMatch match("rate", 3);
  CHECK(match.name().empty());
  match.offer("ratios");  // 3: too far
  CHECK(match.name().empty());
  match.offer("rotten");  // 3 as well
  match.offer("tates");   // 2
  CHECK(match.name() == "tates");
  CHECK(match.distance() == 2);
  match.offer("gates");  // as near
  CHECK(match.name() == "tates");
  match.offer("rates");
  CHECK(match.name() == "rates");
  match.offer("gates");
  CHECK(match.name() == "rates");
  CHECK(match.distance() == 1);
}
