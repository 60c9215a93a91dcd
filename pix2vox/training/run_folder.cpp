#include "pix2vox/training/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "datasets/transforms/transforms.h"
#include "io/file.h"
#include "tensor/error.h"
#include "voxels/grid/grid.h"
#include "voxels/image/contact_sheet.h"
#include "voxels/render/voxel_render.h"

namespace voxgrad {

RunLock::RunLock(const std::filesystem::path& file)
    : name_(file.string()), fd_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  check(fd_ >= 0, file.string(), ": cannot create: ", std::strerror(errno));
  // Some network file systems know no locks: there it is left to the user.
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(fd_);
  fail<ConfigError>(file.parent_path().string(),
                    " is in use by another training: wait for it, or choose another --out");
}

RunLock::~RunLock() {
  release();
}

std::string RunLock::release() {
  if (fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0) return "";
  return concat("warning: ", name_, ": cannot close: ", std::strerror(errno));
}

std::filesystem::path RunFolder::epoch(std::int64_t number) const {
  const std::string digits = std::to_string(number);
  return checkpoints() /
         ("epoch_" + std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits + ".h5");
}

bool RunFolder::has_run() const {
  if (exists(metrics())) return true;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(checkpoints(), none))
    if (entry.path().extension() == ".h5") return true;
  return false;
}

bool RunFolder::can_resume() const {
  return exists(checkpoints() / "last.h5") || exists(checkpoints() / "last.previous.h5");
}

void RunFolder::write_config(const std::string& yaml) const {
  if (exists(config())) {
    const std::vector<std::uint8_t> before = read_file(config(), std::size_t{1} << 20);
    if (std::ranges::equal(before, yaml, {}, {}, [](char c) { return std::uint8_t(c); })) return;
    int number = 1;
    while (exists(root / concat("config.", number, ".yaml"))) ++number;
    write_file_atomically(root / concat("config.", number, ".yaml"), before);
  }
  write_file_atomically(config(),
                        {reinterpret_cast<const std::uint8_t*>(yaml.data()), yaml.size()});
}

RunLock RunFolder::create() const {
  std::error_code error;
  for (const auto& folder : {checkpoints(), samples(), results()}) {
    create_directories(folder, error);
    check(!error, folder.string(), ": cannot make the folder: ", error.message());
  }
  RunLock lock(root / ".lock");
  for (const auto& folder : {root, checkpoints(), samples(), results()}) remove_leftovers(folder);
  return lock;
}

std::filesystem::path keep_aside(const std::filesystem::path& file) {
  std::filesystem::path aside;
  for (int i = 1; aside.empty() || exists(aside); ++i)
    aside = file.parent_path() / concat(file.stem().string(), ".", i, file.extension().string());
  rename_file(file, aside);
  return aside;
}

Image sample_sheet(const Tensor& inputs, const Tensor& volumes, const Tensor& truth,
                   double threshold) {
  const int n = int(volumes.shape()[1]);
  const auto draw = [&](const Tensor& volume, double t) {
    VoxelGrid grid(n);
    std::copy_n(volume.data<float>(), grid.values.size(), grid.values.begin());
    return draw_voxels(grid, {.width = 192, .height = 192, .threshold = t, .samples = 2});
  };
  std::vector<Image> pictures;
  for (std::int64_t b = 0; b < volumes.shape()[0]; ++b) {
    const Tensor input = inputs.slice(b, b + 1);
    pictures.push_back(picture_of_input(input.reshape({input.shape()[1], input.shape()[2], 3})));
    pictures.push_back(draw(volumes.slice(b, b + 1), threshold));
    pictures.push_back(draw(truth.slice(b, b + 1), 0.5));
  }
  return contact_sheet(pictures, {.columns = 3, .cell = 192});
}

}  // namespace voxgrad
