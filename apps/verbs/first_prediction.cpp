#include "apps/verbs/first_prediction.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "io/file.h"
#include "io/scratch_folder.h"
#include "tensor/error.h"
#include "voxels/image/image.h"

namespace voxgrad::apps {
namespace {

// A dark box on a transparent background, as large as ShapeNet's renderings.
Image box_picture() {
  Image picture(137, 137, 4);
  for (int y = 40; y < 100; ++y)
    for (int x = 30; x < 110; ++x) {
      std::uint8_t* const pixel = picture.at(x, y);
      pixel[0] = pixel[1] = pixel[2] = std::uint8_t(60 + x);
      pixel[3] = 255;
    }
  return picture;
}

// A child whose standard output is ours to read.
class Child {
 public:
  Child(std::vector<std::string> words, const std::filesystem::path& errors) {
    int ends[2];
    check(pipe2(ends, O_CLOEXEC) == 0, "[bench] no pipe left");
    out_ = ends[0];
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    posix_spawn_file_actions_addopen(&files, 2, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const int error =
        posix_spawn(&process_, words[0].c_str(), &files, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    check(error == 0, "[bench] cannot start ", words[0]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (process_ > 0) waitpid(process_, nullptr, 0);
    close(out_);
  }

  /// False if it ends without having printed anything.
  bool prints() const {
    char byte = 0;
    return read(out_, &byte, 1) == 1;
  }
  /// The exit code, once it has ended.
  int wait() {
    char rest[256];
    while (read(out_, rest, sizeof rest) > 0) {
    }
    int status = 0;
    waitpid(process_, &status, 0);
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }

 private:
  pid_t process_ = 0;
  int out_ = -1;
};

/// The launcher of a packed program (tools/pack-binary) names itself.
std::string this_program() {
  const char* launcher = std::getenv("VOXGRAD_PROGRAM");
  return launcher ? launcher : std::filesystem::read_symlink("/proc/self/exe").string();
}

}  // namespace

double first_prediction_seconds(const std::filesystem::path& weights,
                                const std::vector<std::string>& flags) {
  const ScratchFolder folder;
  const std::filesystem::path picture = folder.path() / "box.png",
                              errors = folder.path() / "errors";
  write_png(box_picture(), picture);
  std::vector<std::string> words{this_program(),
                                 "predict",
                                 picture.string(),
                                 "--weights",
                                 weights.string(),
                                 "--out",
                                 (folder.path() / "out").string(),
                                 "--format",
                                 "npy"};
  words.insert(words.end(), flags.begin(), flags.end());
  const auto start = std::chrono::steady_clock::now();
  Child child(words, errors);
  const bool answered = child.prints();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const int code = child.wait();
  if (!answered || code != 0) {
    const std::vector<std::uint8_t> text = read_file(errors, std::size_t{1} << 20);
    fail("[bench] pix2vox predict ended with ", code, ": ", std::string(text.begin(), text.end()));
  }
  return seconds;
}

}  // namespace voxgrad::apps
