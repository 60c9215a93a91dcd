// Lets assimp read its files through a FileLookup instead of from the disk: out of archives, and
// with a cap on the bytes of a mesh and all that it refers to.
#pragma once

#include <assimp/IOStream.hpp>
#include <assimp/IOSystem.hpp>

#include "voxels/mesh/mesh_reader.h"

namespace voxgrad {

class LookupIo : public Assimp::IOSystem {
 public:
  LookupIo(FileLookup lookup, std::size_t max_bytes)
      : lookup_(std::move(lookup)), bytes_left_(max_bytes) {}

  bool Exists(const char* path) const override;
  char getOsSeparator() const override { return '/'; }
  /// Null if there is no such file, it cannot be read, or the cap is passed.
  Assimp::IOStream* Open(const char* path, const char* mode) override;
  /// Why a file that exists was not opened; empty if all went well. (assimp swallows exceptions.)
  const std::string& problem() const { return problem_; }
  void Close(Assimp::IOStream* stream) override { delete stream; }

 private:
  std::optional<std::vector<std::uint8_t>> find(const char* path) const;

  FileLookup lookup_;
  std::size_t bytes_left_;
  std::string problem_;
};

}  // namespace voxgrad
