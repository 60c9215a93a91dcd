#include <doctest/doctest.h>
#include <zip.h>

#include <map>

#include "datasets/build/sweethome.h"
#include "io/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/shapes.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using testing::error_of;
using testing::TemporaryFolder;

namespace {

void write_zip(const std::filesystem::path& file, const std::map<std::string, std::string>& files) {
  int error = 0;
  zip_t* zip = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  REQUIRE(zip != nullptr);
  for (const auto& [name, text] : files) {
    zip_source_t* source = zip_source_buffer(zip, text.data(), text.size(), 0);
    REQUIRE(zip_file_add(zip, name.c_str(), source, ZIP_FL_OVERWRITE) >= 0);
  }
  REQUIRE(zip_close(zip) == 0);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string catalogue = "PluginFurnitureCatalog.properties";

}  // namespace

TEST_CASE("properties: separators, escapes, comments and continued lines") {
  const auto p = parse_properties(
      "# a comment \\\n! another\n\n  name#1 = Caf\xe9 chair\nkey:value\nspaced\tout  \r\n"
      "long=one \\\r\n     two\\\\\nuni=\\u20ac \\ud83d\\ude00\\t.\nodd\\ key\\:x=1\nempty\n"
      "bad=\\u12 \\ud800!\nlast=x\\");
  CHECK(p.at("name#1") == "Caf\xc3\xa9 chair");
  CHECK(p.at("key") == "value");
  CHECK(p.at("spaced") == "out  ");
  CHECK(p.at("long") == "one two\\");
  CHECK(p.at("uni") == "\xe2\x82\xac \xf0\x9f\x98\x80\t.");
  CHECK(p.at("odd key:x") == "1");
  CHECK(p.at("empty") == "");
  CHECK(p.at("bad") ==
        "\xef\xbf\xbd"
        "12 \xef\xbf\xbd!");
  CHECK(p.at("last") == "x");
  CHECK(p.size() == 9);
}

TEST_CASE("a library gives its entries and their turned models") {
  const TemporaryFolder folder;
  write_zip(folder / "a.sh3f",
            {{catalogue,
              "license=CC-BY\nid#1=A#one\nname#1=Chair\ncategory#1=Living room\n"
              "model#1=/m/One.obj\ncreator#1=Ann\nmodelRotation#1=0 0 1 1 0 0 0 1 0\n"
              "name#2=Door\nmodel#2=m/none.obj\nlicense#2=CC0\ndoorOrWindow#2=true\n"
              "name#3=Nothing\n"},
             {"m/one.obj", "mtllib one.mtl\nv 0 0 0\nv 3 0 0\nv 0 1 0\nusemtl r\nf 1 2 3\n"},
             {"m/one.mtl", "newmtl r\nKd 1 0 0\n"}});
  const FurnitureLibrary library(folder / "a.sh3f");
  REQUIRE(library.entries().size() == 2);
  const FurnitureEntry& chair = library.entries()[0];
  CHECK(chair.id == "A#one");
  CHECK(chair.name == "Chair");
  CHECK(chair.category == "Living room");
  CHECK(chair.creator == "Ann");
  CHECK(chair.licence == "CC-BY");
  CHECK_FALSE(chair.door_or_window);
  CHECK(library.entries()[1].licence == "CC0");
  CHECK(library.entries()[1].door_or_window);

  const Mesh mesh = library.mesh(chair);  // x -> y, y -> z
  CHECK(mesh.bounds().high == Vec3{0, 3, 1});
  CHECK(mesh.colors.at(0) == std::array<float, 3>{1, 0, 0});
  CHECK(contains(error_of([&] { library.mesh(library.entries()[1]); }), "none.obj"));
}

TEST_CASE("libraries that are none give an error that names the file") {
  const TemporaryFolder folder;
  const auto error = [&](const char* name) {
    return error_of([&] { FurnitureLibrary(folder / name); });
  };
  CHECK(contains(error("none.sh3f"), "none.sh3f"));
  testing::write_text(folder / "text.sh3f", "not a ZIP archive");
  CHECK(contains(error("text.sh3f"), "text.sh3f"));
  write_zip(folder / "other.sh3f", {{"readme.txt", "hello"}});
  CHECK(contains(error("other.sh3f"), "furniture library"));
  write_zip(folder / "empty.sh3f", {{catalogue, "license=x\n"}});
  CHECK(contains(error("empty.sh3f"), "no entry"));
  write_zip(folder / "turn.sh3f", {{catalogue, "name#1=a\nmodel#1=b\nmodelRotation#1=1 0 x\n"}});
  CHECK(contains(error("turn.sh3f"), "modelRotation"));
  for (const char* number : {"1000", "-1000", "1e9", "nan"}) {
    CAPTURE(number);
    write_zip(folder / "far.sh3f",
              {{catalogue, std::string("name#1=a\nmodel#1=b\nmodelRotation#1=1 0 0 0 1 0 0 0 ") +
                               number + "\n"}});
    CHECK(contains(error("far.sh3f"), "modelRotation"));
  }
}

TEST_CASE("archives: a name in other letters is found, one in the same letters first") {
  const TemporaryFolder folder;
  write_zip(folder / "a.zip",
            {{"Chair.obj", "one"}, {"chair.OBJ", "three"}, {"chair.obj", "fiver"}});
  const ZipArchive archive(folder / "a.zip");
  CHECK(archive.read("chair.obj", 100)->back() == 'r');
  CHECK(archive.read("Chair.obj", 100)->size() == 3);
  CHECK(archive.read("CHAIR.OBJ", 100).has_value());
}

TEST_CASE("archives: caps, bombs and damage") {
  const TemporaryFolder folder;
  write_zip(folder / "a.zip", {{"zeros", std::string(4 << 20, '\0')}, {"text", "hello hello"}});
  const ZipArchive archive(folder / "a.zip");
  CHECK(archive.read("text", 11)->size() == 11);
  CHECK_FALSE(archive.read("missing", 100).has_value());
  CHECK(contains(error_of([&] { archive.read("text", 10); }), "limit"));
  CHECK(contains(error_of([&] { archive.read("zeros", 8 << 20); }), "1000 to 1"));

  // A changed byte of the data fails the checksum or the inflation.
  write_zip(folder / "b.zip", {{"t", "some text that is stored or packed, 0123456789 abcdefghij"}});
  auto bytes = read_file(folder / "b.zip", 1 << 20);
  bytes[30 + 1 + 5] ^= 0x10;
  write_file_atomically(folder / "b.zip", bytes);
  const ZipArchive damaged(folder / "b.zip");
  CHECK(contains(error_of([&] { damaged.read("t", 1 << 20); }), "damaged"));
}
