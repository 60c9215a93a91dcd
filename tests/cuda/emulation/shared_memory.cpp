// Finds a kernel's __shared__ variables, which are thread_local variables of a function, in the
// program's own table of symbols: a variable x of the function _ZN1kEv is named _ZZN1kEvE1x.
#include "tests/cuda/emulation/shared_memory.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <unordered_map>

namespace voxgrad::emulation {
namespace {

struct Variable {
  std::size_t offset, size;  // in the thread's block
};
using Symbols = std::unordered_map<std::uintptr_t, std::vector<Variable>>;  // by kernel

struct Program {
  std::uintptr_t base = 0;
  char* thread_block = nullptr;  // of the calling thread
};

Program this_program() {
  Program program;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* result) {
        *static_cast<Program*>(result) = {info->dlpi_addr, static_cast<char*>(info->dlpi_tls_data)};
        return 1;  // the program is the first
      },
      &program);
  return program;
}

/// The program's file. Where /proc is not mounted (a bare chroot), by the name that it was started
/// with.
std::string read_program() {
  for (const char* name : {"/proc/self/exe", reinterpret_cast<const char*>(getauxval(AT_EXECFN))}) {
    if (name == nullptr) continue;
    std::ifstream in(name, std::ios::binary);
    std::string file{std::istreambuf_iterator<char>(in), {}};
    if (file.size() > sizeof(ElfW(Ehdr)) && file.starts_with(ELFMAG)) return file;
  }
  std::fputs("emulated CUDA: cannot read this program's own file: is /proc mounted?\n", stderr);
  std::abort();
}

Symbols read_symbols() {
  const std::string file = read_program();
  const auto* const header = reinterpret_cast<const ElfW(Ehdr)*>(file.data());
  const auto* const sections = reinterpret_cast<const ElfW(Shdr)*>(file.data() + header->e_shoff);
  const std::uintptr_t base = this_program().base;
  std::unordered_map<std::string, std::vector<std::uintptr_t>> functions;
  std::unordered_map<std::string, std::vector<Variable>> variables;  // by the function's name
  for (int s = 0; s < header->e_shnum; ++s) {
    if (sections[s].sh_type != SHT_SYMTAB) continue;
    const char* const names = file.data() + sections[sections[s].sh_link].sh_offset;
    const auto* symbol = reinterpret_cast<const ElfW(Sym)*>(file.data() + sections[s].sh_offset);
    for (const auto* end = symbol + sections[s].sh_size / sizeof *symbol; symbol < end; ++symbol) {
      const std::string name = names + symbol->st_name;
      const int type = ELF64_ST_TYPE(symbol->st_info);
      if (type == STT_FUNC) functions[name].push_back(base + symbol->st_value);
      if (type != STT_TLS || !name.starts_with("_ZZ")) continue;
      const std::size_t end_of_function = name.rfind('E');
      variables["_Z" + name.substr(3, end_of_function - 3)].push_back(
          {symbol->st_value, symbol->st_size});
    }
  }
  Symbols result;
  for (const auto& [name, found] : variables)
    for (const std::uintptr_t kernel : functions[name]) result[kernel] = found;
  if (!result.empty()) return result;
  std::fputs("emulated CUDA: this program was stripped of its symbols\n", stderr);
  std::abort();
}

}  // namespace

std::vector<std::span<char>> shared_memory_of(const void* kernel) {
  static const Symbols symbols = read_symbols();
  std::vector<std::span<char>> result;
  const auto found = symbols.find(reinterpret_cast<std::uintptr_t>(kernel));
  if (found == symbols.end()) return result;
  char* const block = this_program().thread_block;
  for (const auto& [offset, size] : found->second) result.emplace_back(block + offset, size);
  return result;
}

}  // namespace voxgrad::emulation
