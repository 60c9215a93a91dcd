// pix2vox predict: flags about photos, folders of them, and what is said about them.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/apps/tiny_run.h"
#include "voxels/image/image.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

Ended predict(Arguments words) {
  words.insert(words.begin(), "predict");
  for (const std::string& word : {std::string("--weights"), tiny_run().weights})
    words.push_back(word);
  return pix2vox(words);
}

/// A dark box in the upper left part of a light wall.
Image photo() {
  Image image(200, 160, 3);
  for (int y = 0; y < 160; ++y)
    for (int x = 0; x < 200; ++x)
      std::fill_n(image.at(x, y), 3, x > 20 && x < 80 && y > 15 && y < 70 ? 70 : 225);
  return image;
}

}  // namespace

TEST_CASE("--save-input and --explain show what became of a photo") {
  const TemporaryFolder folder;
  write_png(photo(), folder / "photo.png");
  const Ended ended = predict({folder / "photo.png", "--out", folder / "out", "--format", "npy",
                               "--save-input", "--explain", "--json", folder / "result.json"});
  CHECK(ended.code == 0);
  CHECK(says(ended.out, folder / "out/photo.input.png"));
  CHECK(says(ended.err, "the object was found by a plain background"));
  CHECK(says(ended.err, "off-centre (made up for)"));
  const Image sheet = read_image(folder / "out/photo.input.png");
  CHECK(sheet.width > 2 * sheet.height);
  const auto json = nlohmann::json::parse(read_text(folder / "result.json"));
  const auto& view = json["objects"][0]["views"][0];
  CHECK(view["found_by"] == "a plain background");
  CHECK(view["reframed"] == true);
  CHECK(view["findings"].size() >= 1);
}

TEST_CASE("flags about photos change what the network sees") {
  const TemporaryFolder folder;
  write_png(photo(), folder / "photo.png");
  Image mask(100, 80, 1);
  for (int y = 30; y < 70; ++y) std::fill_n(mask.at(50, y), 40, 255);
  write_png(mask, folder / "mask.png");
  const auto result = [&](const Arguments& flags) {
    Arguments words{folder / "photo.png", "--out", folder / "out", "--format", "npy"};
    words.insert(words.end(), flags.begin(), flags.end());
    CHECK(predict(words).code == 0);
    return read_text(folder / "out/photo.npy");
  };
  const std::string usual = result({});
  CHECK(usual == result({"--background", "auto", "--crop", "auto"}));
  CHECK(usual == result({"--background", "#e1e1e1"}));
  CHECK(usual != result({"--background", "none"}));
  CHECK(usual != result({"--crop", "never"}));
  CHECK(usual != result({"--mask", folder / "mask.png"}));
  CHECK(usual != result({"--box", "100,80,90,70"}));
}

TEST_CASE("flags about photos that make no sense are refused") {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "b.png"}) write_png(photo(), folder / name);
  const auto refuses = [&](Arguments words, const char* text) {
    words.insert(words.end(), {"--out", folder / "out"});
    return refused(predict(words), 2, text);
  };
  const std::string a = folder / "a.png", b = folder / "b.png";
  CHECK(refuses({a, "--box", "1,2,3"}, "left,top,width,height"));
  CHECK(refuses({a, "--box", "1,2,3,x"}, "left,top,width,height"));
  CHECK(refuses({a, "--box", "0,0,0,5"}, "is empty"));
  CHECK(refuses({a, b, "--box", "1,2,30,40"}, "for one picture"));
  CHECK(refuses({a, "--box", "1,2,30,40", "--mask", b}, "one of them"));
  CHECK(refuses({a, b, "--mask", b}, "1 --mask for 2 pictures"));
  CHECK(refuses({a, "--background", "pinkish"}, "colour"));
  CHECK(refuses({a, "--background", "1,2,256"}, "colour"));
  CHECK(refuses({a, "--background", "none", "--mask", b}, "--mask says"));
  CHECK(refuses({a, "--box", "1,2,30,40", "--background", "none"}, "one of them"));
  CHECK(refuses({a, "--crop", "sometimes"}, "--crop"));
  CHECK(refuses({a, "--box", "150,0,100,10"}, "not inside the picture"));
  CHECK_FALSE(fs::exists(folder / "out"));
}

TEST_CASE("folders and patterns of pictures") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "photos/below");
  fs::create_directories(folder / "empty");
  for (const char* name :
       {"photos/b.png", "photos/a.PNG", "photos/.hidden.png", "photos/below/c.png"})
    write_png(photo(), folder / name);
  write_text(folder / "photos/notes.txt", "no picture");
  const Ended ended =
      predict({"--each", folder / "photos", "--out", folder / "out", "--format", "npy"});
  CHECK(ended.code == 0);
  CHECK(says(ended.err, "2 pictures predicted"));
  CHECK(fs::exists(folder / "out/a.npy"));
  CHECK(fs::exists(folder / "out/b.npy"));
  CHECK_FALSE(fs::exists(folder / "out/c.npy"));
  const Ended pattern =
      predict({"--each", folder / "photos/b*.png", "--out", folder / "out2", "--format", "npy"});
  CHECK(pattern.code == 0);
  CHECK(fs::exists(folder / "out2/b.npy"));
  CHECK(refused(predict({folder / "photos"}), 2, "with --each"));
  CHECK(refused(predict({"--each", folder / "empty"}), 2, "no pictures in this folder"));
  CHECK(refused(predict({"--each", folder / "none*.png"}), 2, "no file matches"));
}

TEST_CASE("results never take the place of a picture or mask that was given") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "photos");
  for (const char* name : {"photos/a.png", "photos/a.input.png", "photos/b.png"})
    write_png(photo(), folder / name);
  const std::string photos = folder / "photos", a = folder / "photos/a.png";
  const std::string sheet = folder / "photos/a.input.png", b = folder / "photos/b.png";
  const std::string before = read_text(sheet);
  const auto keeps = [&](Arguments words, const char* text) {
    words.insert(words.end(), {"--out", photos});
    return refused(predict(words), 2, text) && read_text(sheet) == before;
  };
  CHECK(keeps({"--each", photos, "--format", "npy", "--save-input"}, "is a picture to be read"));
  CHECK(keeps({a, "--mask", sheet, "--format", "npy", "--save-input"}, "is a mask to be read"));
  fs::create_directories(folder / "other");
  write_png(photo(), folder / "other/b.png");
  CHECK(keeps({folder / "other/b.png", "--mask", b, "--format", "png"}, "is a mask to be read"));
}
