// The name that a misspelt one is nearest to, for "did you mean".
#pragma once

#include <cstddef>
#include <string>

namespace voxgrad {

/// Letters to insert, drop or replace to make one text of the other.
std::size_t edit_distance(const std::string& a, const std::string& b);

/// Collects names and keeps the nearest to a word; the first one where several are as near.
class ClosestMatch {
 public:
  /// Names at this distance or farther are no misspellings.
  ClosestMatch(std::string word, std::size_t limit) : word_(std::move(word)), distance_(limit) {}
  void offer(const std::string& name) { offer(name, edit_distance(word_, name)); }
  void offer(const std::string& name, std::size_t distance);
  /// "" if none was near enough.
  const std::string& name() const { return name_; }
  std::size_t distance() const { return distance_; }

 private:
  std::string word_, name_;
  std::size_t distance_;
};

}  // namespace voxgrad
