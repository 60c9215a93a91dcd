#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <limits>
#include <thread>

#include "io/checksummed_file.h"
#include "io/file.h"
#include "io/hdf5/hdf5.h"
#include "pix2vox/checkpoint/checkpoint.h"
#include "tests/pix2vox/tiny.h"
#include "tests/support/temporary_folder.h"

using namespace voxgrad;
using namespace voxgrad::testing;
namespace fs = std::filesystem;

namespace {

std::size_t files_in(const TemporaryFolder& folder) {
  return std::size_t(
      std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

Checkpoint example(std::uint64_t seed = 1) {
  Checkpoint checkpoint;
  checkpoint.config.model = tiny_model();
  checkpoint.config.train.epochs = 7;
  const auto model = make_tiny(tiny_model(), seed);
  model->to(DType::f32);
  checkpoint.model = model->state();
  checkpoint.threshold = 0.35;
  checkpoint.category_thresholds = {{"02691156", "air/plane", 0.28},
                                    {"03001627", "\"chair\"", 0.4}};
  TrainingState training;
  training.optimizer = "adam";
  Rng rng(seed);
  training.optimizer_state = {{"decoder.layer1.0.weight/exp_avg", random_normal(rng, {3, 2})},
                              {"decoder.layer1.0.weight/step", Tensor::full({1}, 5, DType::i64)}};
  training.epoch = 3;
  training.batch = 2;
  training.seed = std::numeric_limits<std::uint64_t>::max();
  training.best_epoch = 2;
  training.best_iou = 1.0 / 3;
  training.sums = {{"loss", 0.1}, {"count", 2}};
  training.data = {{"4 objects, 12ab", "cd"}, {"", ""}};
  checkpoint.training = training;
  return checkpoint;
}

// A smaller one, for damaging it bit by bit.
Checkpoint small_example() {
  Checkpoint checkpoint = example();
  checkpoint.model.resize(3);
  return checkpoint;
}

std::vector<std::uint8_t> bytes_of(const fs::path& file) {
  return read_file(file, std::size_t{1} << 30);
}

void overwrite(const fs::path& file, std::span<const std::uint8_t> bytes) {
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
}

void check_equal(const Checkpoint& a, const Checkpoint& b) {
  CHECK(a.config == b.config);
  CHECK(a.threshold == b.threshold);
  CHECK(a.category_thresholds == b.category_thresholds);
  REQUIRE(a.model.size() == b.model.size());
  for (std::size_t i = 0; i < a.model.size(); ++i) {
    CHECK(a.model[i].name == b.model[i].name);
    CHECK(identical(a.model[i].tensor, b.model[i].tensor));
  }
  REQUIRE(a.training.has_value());
  REQUIRE(b.training.has_value());
  const TrainingState &s = *a.training, &t = *b.training;
  CHECK(s.optimizer == t.optimizer);
  CHECK(s.epoch == t.epoch);
  CHECK(s.batch == t.batch);
  CHECK(s.seed == t.seed);
  CHECK(s.best_epoch == t.best_epoch);
  CHECK(s.best_iou == t.best_iou);
  CHECK(s.sums == t.sums);
  CHECK(s.data == t.data);
  REQUIRE(s.optimizer_state.size() == t.optimizer_state.size());
  for (std::size_t i = 0; i < s.optimizer_state.size(); ++i) {
    CHECK(s.optimizer_state[i].name == t.optimizer_state[i].name);
    CHECK(identical(s.optimizer_state[i].tensor, t.optimizer_state[i].tensor));
  }
}

// Writing beyond `bytes` fails while one lives, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(std::size_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{rlim_t(bytes), before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

bool fails_on_full_disk(std::size_t bytes, const std::function<void()>& save) {
  const FullDisk full(bytes);
  try {
    save();
    return false;
  } catch (const Error&) {
    return true;
  }
}

// A complete image, except for what `change` does differently.
struct Image {
  std::string format = "voxgrad checkpoint";
  std::int64_t version = 1;
  std::string config = to_yaml(Config{});
  bool threshold = true, model = true;
  std::vector<std::uint8_t> build() const {
    Hdf5Writer writer("image");
    writer.attribute("", "format", format);
    writer.attribute("", "format_version", version);
    writer.attribute("", "config", config);
    if (threshold) writer.attribute("", "threshold", 0.3);
    if (model) writer.group("model");
    return writer.finish();
  }
};

}  // namespace

TEST_CASE("a checkpoint comes back as it was saved") {
  const TemporaryFolder folder;
  const Checkpoint saved = example();
  save_checkpoint(folder / "a.h5", saved);
  check_equal(load_checkpoint(folder / "a.h5"), saved);
  CHECK_FALSE(load_checkpoint(folder / "a.h5", CheckpointPart::weights).training.has_value());
  CHECK(files_in(folder) == 1);

  Checkpoint weights = saved;
  weights.training.reset();
  save_checkpoint(folder / "b.h5", weights);
  CHECK_FALSE(load_checkpoint(folder / "b.h5").training.has_value());
  const auto model = make_tiny(tiny_model(), 2);
  model->load_state(load_checkpoint(folder / "b.h5").model);
  CHECK(identical(model->state()[0].tensor.to(DType::f32), saved.model[0].tensor));
}

TEST_CASE("a training without fingerprints of its data comes back so") {
  const TemporaryFolder folder;
  Checkpoint old = small_example();
  old.training->data.reset();
  save_checkpoint(folder / "a.h5", old);
  check_equal(load_checkpoint(folder / "a.h5"), old);
}

TEST_CASE("the longest configuration is stored, and a longer one refused") {
  const TemporaryFolder folder;
  Checkpoint checkpoint = small_example();
  checkpoint.config.data.root = "x";
  checkpoint.config.data.root.resize(1 + max_config_text - to_yaml(checkpoint.config).size(), 'x');
  REQUIRE(to_yaml(checkpoint.config).size() == max_config_text);
  save_checkpoint(folder / "a.h5", checkpoint);
  CHECK(load_checkpoint(folder / "a.h5").config == checkpoint.config);
  checkpoint.config.data.root += 'x';
  CHECK_THROWS_WITH(save_checkpoint(folder / "a.h5", checkpoint),
                    doctest::Contains("the configuration has 60001 bytes"));
}

TEST_CASE("the same contents give the same bytes") {
  const TemporaryFolder folder;
  save_checkpoint(folder / "a.h5", example());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // HDF5's clock counts seconds
  save_checkpoint(folder / "b.h5", example());
  CHECK(bytes_of(folder / "a.h5") == bytes_of(folder / "b.h5"));
}

TEST_CASE("every flipped bit and every cut is found") {
  const TemporaryFolder folder;
  const fs::path good = folder / "good.h5", bad = folder / "bad.h5";
  save_checkpoint(good, small_example());
  const std::vector<std::uint8_t> bytes = bytes_of(good);
  Rng rng(1);
  int accepted = 0;
  const auto try_load = [&](std::span<const std::uint8_t> damaged) {
    overwrite(bad, damaged);
    try {
      load_checkpoint(bad);
      ++accepted;
    } catch (const Error&) {
    }
  };
  const auto flip = [&](std::size_t bit) {
    std::vector<std::uint8_t> damaged = bytes;
    damaged[bit / 8] ^= std::uint8_t(1u << (bit % 8));
    try_load(damaged);
  };
  for (int i = 0; i < 500; ++i) flip(std::size_t(rng.below(8 * bytes.size())));
  for (std::size_t bit = 8 * (bytes.size() - 24); bit < 8 * bytes.size(); ++bit) flip(bit);
  for (int i = 0; i < 100; ++i) try_load(std::span(bytes).first(rng.below(bytes.size())));
  CHECK(accepted == 0);
  try_load(bytes);
  CHECK(accepted == 1);
}

TEST_CASE("the checksum depends on every single word, for any length") {
  std::vector<std::uint8_t> bytes(100);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::uint8_t(i);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const std::span<std::uint8_t> part = std::span(bytes).first(length);
    const std::uint64_t original = checksum(part);
    CHECK(original != checksum(std::span(bytes).first(length + 1)));
    for (std::uint8_t& byte : part)
      for (int bit = 0; bit < 8; ++bit) {
        byte ^= std::uint8_t(1u << bit);
        if (checksum(part) == original) FAIL("bit not felt, length ", length);
        byte ^= std::uint8_t(1u << bit);
      }
  }
}

TEST_CASE("files with a checksum that are not checkpoints are refused") {
  const TemporaryFolder folder;
  const fs::path file = folder / "crafted.h5";
  const auto load = [&](std::vector<std::uint8_t> image) {
    write_checksummed(file, std::move(image));
    return load_checkpoint(file);
  };
  const auto complaint = [&](const Image& image) -> std::string {
    try {
      load(image.build());
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  };
  CHECK(complaint(Image{}) == "");
  CHECK_THROWS_WITH(load(std::vector<std::uint8_t>(1000, 7)), doctest::Contains("crafted.h5"));
  CHECK(complaint({.format = "other"}).find("not a checkpoint") != std::string::npos);
  CHECK(complaint({.version = 2}).find("format version 2") != std::string::npos);
  CHECK(complaint({.config = "model: {variant: Z}"}).find("model.variant") != std::string::npos);
  CHECK(complaint({.threshold = false}).find("has no attribute threshold") != std::string::npos);
  CHECK(complaint({.model = false}).find("no group /model") != std::string::npos);
  CHECK_THROWS_WITH(load_checkpoint(folder / "none.h5"), doctest::Contains("none.h5"));
  overwrite(file, {});
  CHECK_THROWS_WITH(load_checkpoint(file), doctest::Contains("not a checkpoint"));
}

TEST_CASE("a training state that lacks something is refused") {
  const TemporaryFolder folder;
  const fs::path file = folder / "crafted.h5";
  Hdf5Writer writer("image");
  writer.attribute("", "format", std::string("voxgrad checkpoint"));
  writer.attribute("", "format_version", std::int64_t{1});
  writer.attribute("", "config", to_yaml(Config{}));
  writer.attribute("", "threshold", 0.3);
  writer.group("model");
  writer.group("training");
  writer.attribute("training", "optimizer", std::string("adam"));
  writer.attribute("training", "epoch", 3.0);
  write_checksummed(file, writer.finish());
  CHECK_THROWS_WITH(load_checkpoint(file), doctest::Contains("epoch has an unexpected type"));
  CHECK_FALSE(load_checkpoint(file, CheckpointPart::weights).training.has_value());
}

TEST_CASE("values that are not finite are never saved") {
  const TemporaryFolder folder;
  for (const double poison :
       {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()}) {
    Checkpoint checkpoint = example();
    checkpoint.model[4].tensor = Tensor::full({3}, poison);
    CHECK_THROWS_WITH(save_checkpoint(folder / "a.h5", checkpoint),
                      doctest::Contains(checkpoint.model[4].name.c_str()));
    checkpoint = example();
    checkpoint.training->optimizer_state[0].tensor = Tensor::full({3}, poison);
    CHECK_THROWS_WITH(save_checkpoint(folder / "a.h5", checkpoint), doctest::Contains("exp_avg"));
  }
  CHECK(files_in(folder) == 0);
}

TEST_CASE("a full disk leaves the last good checkpoint, wherever the writing fails") {
  const TemporaryFolder folder;
  const Checkpoint good = small_example();
  save_last_checkpoint(folder.path(), good);
  const std::size_t size = bytes_of(folder / "last.h5").size();
  Checkpoint later = good;
  later.training->epoch = 4;
  const auto save = [&] { save_last_checkpoint(folder.path(), later); };
  int failures = 0, attempts = 0;
  for (std::size_t room = 0; room < size; room += size / 20, ++attempts)
    failures += fails_on_full_disk(room, save);
  CHECK(failures == attempts);
  CHECK(files_in(folder) == 1);
  check_equal(load_last_checkpoint(folder.path()).checkpoint, good);
  CHECK_FALSE(fails_on_full_disk(size + 100, save));
  CHECK(load_last_checkpoint(folder.path()).checkpoint.training->epoch == 4);
}

TEST_CASE("ten thousand flipped bits are all found, by whole checkpoints" *
          doctest::test_suite("campaign") * doctest::skip()) {
  const TemporaryFolder folder;
  save_checkpoint(folder / "good.h5", example());
  const std::vector<std::uint8_t> bytes = bytes_of(folder / "good.h5");
  Rng rng(2);
  int found = 0;
  for (int i = 0; i < 10000; ++i) {
    std::vector<std::uint8_t> damaged = bytes;
    const std::uint64_t bit = rng.below(8 * bytes.size());
    damaged[bit / 8] ^= std::uint8_t(1u << (bit % 8));
    overwrite(folder / "bad.h5", damaged);
    try {
      load_checkpoint(folder / "bad.h5");
    } catch (const Error&) {
      ++found;
    }
  }
  MESSAGE(found << " of 10000 flipped bits found, in files of " << bytes.size() << " bytes");
  CHECK(found == 10000);
}

TEST_CASE("a damaged last checkpoint falls back to the one before it, and says so") {
  const TemporaryFolder folder;
  Checkpoint checkpoint = small_example();
  CHECK_THROWS_WITH(load_last_checkpoint(folder.path()), doctest::Contains("last.previous.h5"));
  for (const std::int64_t epoch : {1, 2, 3}) {
    checkpoint.training->epoch = epoch;
    save_last_checkpoint(folder.path(), checkpoint);
  }
  CHECK(files_in(folder) == 2);
  LastCheckpoint loaded = load_last_checkpoint(folder.path());
  CHECK(loaded.checkpoint.training->epoch == 3);
  CHECK(loaded.warning.empty());

  std::vector<std::uint8_t> bytes = bytes_of(folder / "last.h5");
  bytes[bytes.size() / 2] ^= 1;
  overwrite(folder / "last.h5", bytes);
  loaded = load_last_checkpoint(folder.path());
  CHECK(loaded.checkpoint.training->epoch == 2);
  CHECK(loaded.file == folder / "last.previous.h5");
  CHECK(loaded.warning.find("checksum") != std::string::npos);
  CHECK(loaded.warning.find(folder / "last.damaged.h5") != std::string::npos);

  // The damaged file is out of the way: saving keeps the good one, not that.
  CHECK_FALSE(fs::exists(folder / "last.h5"));
  CHECK(bytes_of(folder / "last.damaged.h5") == bytes);
  checkpoint.training->epoch = 4;
  save_last_checkpoint(folder.path(), checkpoint);
  CHECK(load_checkpoint(folder / "last.h5").training->epoch == 4);
  CHECK(load_checkpoint(folder / "last.previous.h5").training->epoch == 2);

  fs::remove(folder / "last.h5");
  CHECK(load_last_checkpoint(folder.path()).checkpoint.training->epoch == 2);
  fs::remove(folder / "last.previous.h5");
  CHECK_THROWS_AS(load_last_checkpoint(folder.path()), Error);
}

TEST_CASE("each damaged last checkpoint is kept") {
  const TemporaryFolder folder;
  save_checkpoint(folder / "last.previous.h5", small_example());
  for (const char* contents : {"first", "second"}) {
    const std::string text = contents;
    overwrite(folder / "last.h5", std::vector<std::uint8_t>(text.begin(), text.end()));
    load_last_checkpoint(folder.path());
  }
  CHECK(bytes_of(folder / "last.damaged.h5").size() == 5);
  CHECK(bytes_of(folder / "last.damaged-2.h5").size() == 6);
}

TEST_CASE("a whole last checkpoint that cannot be used stays, and nothing is taken instead") {
  const TemporaryFolder folder;
  save_checkpoint(folder / "last.previous.h5", small_example());
  Image newer;
  newer.version = 2;
  write_checksummed(folder / "last.h5", newer.build());
  CHECK_THROWS_WITH(load_last_checkpoint(folder.path()), doctest::Contains("format version 2"));
  CHECK(fs::exists(folder / "last.h5"));

  fs::remove(folder / "last.h5");
  fs::create_directory(folder / "last.h5");  // as good as one that we may not read
  CHECK_THROWS_WITH(load_last_checkpoint(folder.path()), doctest::Contains("is a folder"));
  CHECK(files_in(folder) == 2);
}

TEST_CASE("a network of another variant or size is named") {
  const ModelConfig a = default_model("A"), f = default_model("F");
  CHECK_NOTHROW(check_same_network(a, a, "x.h5"));
  CHECK_THROWS_WITH_AS(check_same_network(f, a, "x.h5"),
                       doctest::Contains("x.h5 holds a network of variant F, the configuration "
                                         "asks for variant A"),
                       ConfigError);
  ModelConfig other = a;
  other.freeze_vgg = false;
  other.vgg_init = "weights.h5";
  CHECK_NOTHROW(check_same_network(a, other, "x.h5"));
  other.n_vox = 64;
  CHECK_THROWS_WITH_AS(check_same_network(a, other, "x.h5"),
                       doctest::Contains("model.n_vox: 32 in the file, 64 asked for"), ConfigError);
}
