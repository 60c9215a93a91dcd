#include "voxels/grid/binvox.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "io/file.h"
#include "tensor/error.h"

namespace voxgrad {
namespace {

constexpr int kMaxSide = 512;
constexpr std::size_t kMaxRun = 255;
constexpr std::size_t kMaxFileBytes = 2 * std::size_t(kMaxSide) * kMaxSide * kMaxSide + 65536;

/// The file's place of a voxel: x slowest, then z, then y.
template <class Visit>
void for_each_in_file_order(const VoxelGrid& grid, Visit visit) {
  for (int x = 0; x < grid.n; ++x) {
    for (int z = 0; z < grid.n; ++z) {
      for (int y = 0; y < grid.n; ++y) visit(grid.index(x, y, z));
    }
  }
}

struct Header {
  int side = 0;
  std::array<double, 3> translate{0, 0, 0};
  double scale = 1;
};

class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  /// Reads up to and including the line `data`.
  Header parse() {
    check(next_word(line_ = next_line()) == "#binvox", name_,
          ": not a binvox file: it must start with '#binvox'");
    Header header;
    std::optional<std::array<double, 3>> dim;
    for (std::string_view key; key != "data"; key = next_word(line_)) {
      if (key == "dim") {
        dim = numbers<3>("dim");
      } else if (key == "translate") {
        header.translate = numbers<3>("translate");
      } else if (key == "scale") {
        header.scale = numbers<1>("scale")[0];
      }
      line_ = next_line();  // what follows the numbers, and unknown lines, are passed over
    }
    check(dim.has_value(), name_, ": binvox header has no line 'dim'");
    header.side = checked_side(*dim);
    check(header.scale > 0, name_, ": binvox header: scale is ", header.scale,
          ", it must be positive");
    return header;
  }
  std::size_t offset() const { return offset_; }

 private:
  std::string_view next_line() {
    const std::size_t end = text_.find('\n', offset_);
    check(end != std::string_view::npos, name_, ": binvox header cut off: no line 'data'");
    const std::string_view line = text_.substr(offset_, end - offset_);
    offset_ = end + 1;
    return line;
  }

  static std::string_view next_word(std::string_view& line) {
    constexpr const char* blanks = " \t\r";
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const std::size_t length = std::min(line.find_first_of(blanks), line.size());
    const std::string_view word = line.substr(0, length);
    line.remove_prefix(length);
    return word;
  }

  template <std::size_t N>
  std::array<double, N> numbers(const char* key) {
    std::array<double, N> values{};
    for (double& value : values) {
      const std::string_view word = next_word(line_);
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
      check(error == std::errc() && end == word.data() + word.size() && std::isfinite(value), name_,
            ": binvox header: line '", key, "' needs ", N, " numbers, before byte ", offset_);
    }
    return values;
  }

  int checked_side(const std::array<double, 3>& dim) const {
    for (const double side : dim) {
      check(side >= 1 && side <= kMaxSide && side == std::floor(side), name_,
            ": binvox header: side ", side, " is not a whole number in 1..", kMaxSide);
      check(side == dim[0], name_, ": the grid is ", dim[0], "x", dim[1], "x", dim[2],
            ": only cubes can be read");
    }
    return int(dim[0]);
  }

  std::string_view text_, line_;
  const std::string& name_;
  std::size_t offset_ = 0;
};

/// The voxels in file order, one byte each.
std::vector<std::uint8_t> expand_runs(std::span<const std::uint8_t> runs, std::size_t volume,
                                      std::size_t offset, const std::string& name) {
  check(runs.size() / 2 >= (volume + kMaxRun - 1) / kMaxRun, name,
        ": binvox cut off: ", runs.size(), " bytes of runs cannot fill ", volume, " voxels");
  std::vector<std::uint8_t> voxels(volume);
  std::size_t filled = 0;
  for (std::size_t i = 0; i + 1 < runs.size() && filled < volume; i += 2) {
    const std::size_t value = runs[i], run = runs[i + 1];
    check(run <= volume - filled, name, ": binvox damaged: the runs exceed the ", volume,
          " voxels at byte ", offset + i);
    std::fill_n(voxels.begin() + std::ptrdiff_t(filled), run, std::uint8_t(value != 0));
    filled += run;
  }
  check(filled == volume, name, ": binvox cut off: the runs fill ", filled, " of ", volume,
        " voxels");
  return voxels;
}

}  // namespace

VoxelGrid decode_binvox(std::span<const std::uint8_t> bytes, const std::string& name) {
  HeaderParser parser({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, name);
  const Header header = parser.parse();
  const auto side = std::size_t(header.side);
  const auto voxels =
      expand_runs(bytes.subspan(parser.offset()), side * side * side, parser.offset(), name);
  VoxelGrid grid(header.side);
  grid.translate = header.translate;
  grid.scale = header.scale;
  float* value = grid.values.data();
  for (std::size_t x = 0; x < side; ++x)
    for (std::size_t y = 0; y < side; ++y)
      for (std::size_t z = 0; z < side; ++z) *value++ = voxels[(x * side + z) * side + y];
  return grid;
}

VoxelGrid read_binvox(const std::filesystem::path& file) {
  return decode_binvox(read_file(file, kMaxFileBytes), file.string());
}

std::vector<std::uint8_t> encode_binvox(const VoxelGrid& grid, double threshold) {
  check(grid.n >= 1 && grid.n <= kMaxSide, "[encode_binvox] the grid has ", grid.n,
        " voxels per side, the format's readers take 1..", kMaxSide);
  const auto number = [](double value) {
    char text[32];
    return std::string(text, std::to_chars(text, text + sizeof(text), value).ptr);
  };
  const std::string header =
      concat("#binvox 1\ndim ", grid.n, " ", grid.n, " ", grid.n, "\ntranslate ",
             number(grid.translate[0]), " ", number(grid.translate[1]), " ",
             number(grid.translate[2]), "\nscale ", number(grid.scale), "\ndata\n");
  std::vector<std::uint8_t> bytes(header.begin(), header.end());
  std::uint8_t value = 0;
  std::size_t run = 0;
  const auto flush = [&] {
    if (run > 0) bytes.insert(bytes.end(), {value, std::uint8_t(run)});
    run = 0;
  };
  for_each_in_file_order(grid, [&](std::size_t index) {
    const auto current = std::uint8_t(grid.values[index] >= threshold);
    if (current != value || run == kMaxRun) flush();
    value = current;
    ++run;
  });
  flush();
  return bytes;
}

void write_binvox(const VoxelGrid& grid, const std::filesystem::path& file, double threshold) {
  write_file_atomically(file, encode_binvox(grid, threshold));
}

}  // namespace voxgrad
