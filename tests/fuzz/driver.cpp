// Feeds the libFuzzer targets without libFuzzer, in a build by any compiler:
//   test_fuzz [--mutants N] [--seed S] [TARGET...]   N mutants of each class for each target
//   test_fuzz --write-corpora DIR                    the sound files that they are made from
// A crash ends the program, as does an input that takes over a second or over the memory allowed:
// twice what the sound file needs, or what the input itself declares, which readers cap (below).
// What was being read is then in the file input.bin of the current folder.
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <new>

#include "tensor/rng.h"
#include "tests/fuzz/seeds.h"

#define FUZZ_TARGETS(X) \
  X(binvox)             \
  X(collada)            \
  X(hdf5)               \
  X(json)               \
  X(mat) X(npy) X(obj) X(off) X(packed) X(pictures) X(ply) X(png) X(stl) X(weights) X(yaml) X(zip)
#define DECLARE(name) extern "C" int fuzz_one_##name(const std::uint8_t* data, std::size_t size);
FUZZ_TARGETS(DECLARE)

namespace {

std::atomic<std::size_t> in_use{0}, peak{0};

void count(void* address) {
  const std::size_t now = in_use += malloc_usable_size(address);
  std::size_t most = peak;
  while (now > most && !peak.compare_exchange_weak(most, now)) {
  }
}

// Not inlined: the compiler would see that memory of operator new ends in std::free, and warn.
[[gnu::noinline]] void* take(std::size_t size) {
  void* const address = std::malloc(size == 0 ? 1 : size);
  if (!address) throw std::bad_alloc();
  count(address);
  return address;
}

[[gnu::noinline]] void give_back(void* address) noexcept {
  if (address) in_use -= malloc_usable_size(address);
  std::free(address);
}

}  // namespace

void* operator new(std::size_t size) {
  return take(size);
}
void* operator new[](std::size_t size) {
  return take(size);
}
void operator delete(void* address) noexcept {
  give_back(address);
}
void operator delete[](void* address) noexcept {
  give_back(address);
}
void operator delete(void* address, std::size_t) noexcept {
  give_back(address);
}
void operator delete[](void* address, std::size_t) noexcept {
  give_back(address);
}

namespace {

using voxgrad::Rng;
using Bytes = std::vector<std::uint8_t>;
using Clock = std::chrono::steady_clock;

struct Target {
  const char* name;
  int (*run)(const std::uint8_t* data, std::size_t size);
};
#define ROW(name) {#name, fuzz_one_##name},
constexpr Target targets[] = {FUZZ_TARGETS(ROW)};

constexpr double max_seconds = 1;
// A volume of 512^3 in floats, twice: the largest thing that a few bytes may declare.
constexpr std::size_t max_declared = std::size_t{2} * 512 * 512 * 512 * sizeof(float) + (1 << 24);

struct Class {
  const char* name;
  void (*change)(Bytes& bytes, Rng& rng);
};

std::size_t place(const Bytes& bytes, Rng& rng) {
  // Half of the changes are near the beginning, where headers are.
  const std::size_t reach =
      rng.below(2) == 0 ? std::min<std::size_t>(bytes.size(), 256) : bytes.size();
  return rng.below(reach);
}

constexpr Class classes[] = {
    {"a flipped bit",
     [](Bytes& bytes, Rng& rng) { bytes[place(bytes, rng)] ^= std::uint8_t(1u << rng.below(8)); }},
    {"changed bytes",
     [](Bytes& bytes, Rng& rng) {
       for (std::uint64_t i = rng.below(4) + 1; i > 0; --i)
         bytes[place(bytes, rng)] = std::uint8_t(rng.below(256));
     }},
    {"cut off", [](Bytes& bytes, Rng& rng) { bytes.resize(rng.below(bytes.size())); }},
    {"an extreme number",
     [](Bytes& bytes, Rng& rng) {
       constexpr std::uint64_t numbers[] = {
           0,      1, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, 0xffffffffffffffff,
           0x10000};
       const std::size_t width = std::size_t{1} << rng.below(4);
       const std::size_t at = place(bytes, rng);
       const std::uint64_t number = numbers[rng.below(std::size(numbers))];
       std::memcpy(bytes.data() + at, &number, std::min(width, bytes.size() - at));
     }},
    {"a piece removed",
     [](Bytes& bytes, Rng& rng) {
       const std::size_t at = place(bytes, rng);
       const std::size_t size = std::min<std::size_t>(rng.below(64) + 1, bytes.size() - at);
       bytes.erase(bytes.begin() + std::ptrdiff_t(at), bytes.begin() + std::ptrdiff_t(at + size));
     }},
    {"a piece twice",
     [](Bytes& bytes, Rng& rng) {
       const std::size_t at = place(bytes, rng);
       const std::size_t size = std::min<std::size_t>(rng.below(64) + 1, bytes.size() - at);
       const Bytes piece(bytes.begin() + std::ptrdiff_t(at),
                         bytes.begin() + std::ptrdiff_t(at + size));
       bytes.insert(bytes.begin() + std::ptrdiff_t(place(bytes, rng)), piece.begin(), piece.end());
     }},
    {"noise after the beginning",
     [](Bytes& bytes, Rng& rng) {
       for (std::size_t i = place(bytes, rng); i < bytes.size(); ++i)
         bytes[i] = std::uint8_t(rng.below(256));
     }},
};

struct Cost {
  double seconds = 0;
  std::size_t bytes = 0;
};

Cost run(const Target& target, const Bytes& input) {
  const std::size_t before = in_use;
  peak = before;
  const auto start = Clock::now();
  target.run(input.data(), input.size());
  return {std::chrono::duration<double>(Clock::now() - start).count(), peak - before};
}

/// False if a mutant took too long or too much memory.
bool mutate(const Target& target, std::int64_t mutants, std::uint64_t seed) {
  const std::vector<Bytes> seeds = voxgrad::testing::seeds_of(target.name);
  std::size_t usual = 0;
  for (const Bytes& sound : seeds) usual = std::max(usual, run(target, sound).bytes);
  Cost worst;
  bool good = true;
  std::int64_t inputs = 0;
  for (const Class& kind : classes)
    for (std::int64_t i = 0; i < mutants; ++i) {
      Rng rng(seed, {std::uint64_t(&kind - classes), std::uint64_t(i)});
      Bytes input = seeds[std::size_t(i) % seeds.size()];
      kind.change(input, rng);
      std::ofstream("input.bin", std::ios::binary)
          .write(reinterpret_cast<const char*>(input.data()), std::streamsize(input.size()));
      const Cost cost = run(target, input);
      ++inputs;
      worst.seconds = std::max(worst.seconds, cost.seconds);
      worst.bytes = std::max(worst.bytes, cost.bytes);
      if (cost.seconds <= max_seconds && cost.bytes <= std::max(2 * usual, max_declared)) continue;
      std::cout << target.name << ": " << kind.name << ", mutant " << i << " took " << cost.seconds
                << " s and " << cost.bytes << " bytes\n";
      good = false;
      return good;
    }
  std::cout << target.name << ": " << inputs << " mutants of " << seeds.size()
            << " files; the longest took " << int(1000 * worst.seconds) << " ms, the largest "
            << worst.bytes / 1024 << " KiB (a sound file " << usual / 1024 << ")\n";
  return good;
}

int write_corpora(const std::string& folder) {
  for (const Target& target : targets) {
    const std::filesystem::path corpus = std::filesystem::path(folder) / target.name;
    std::filesystem::create_directories(corpus);
    int number = 0;
    for (const Bytes& sound : voxgrad::testing::seeds_of(target.name))
      std::ofstream(corpus / ("seed" + std::to_string(number++)), std::ios::binary)
          .write(reinterpret_cast<const char*>(sound.data()), std::streamsize(sound.size()));
    std::cout << corpus.string() << ": " << number << " files\n";
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  std::int64_t mutants = 100;
  std::uint64_t seed = 1;
  std::vector<std::string> wanted;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--mutants" && i + 1 < count)
      mutants = std::atoll(words[++i]);
    else if (word == "--seed" && i + 1 < count)
      seed = std::strtoull(words[++i], nullptr, 10);
    else if (word == "--write-corpora" && i + 1 < count)
      return write_corpora(words[++i]);
    else
      wanted.push_back(word);
  }
  bool good = true;
  for (const Target& target : targets)
    if (wanted.empty() || std::ranges::count(wanted, std::string(target.name)) > 0)
      good = mutate(target, mutants, seed) && good;
  if (good) std::remove("input.bin");
  return good ? 0 : 1;
}
